#!/usr/bin/env bash
# Makes sure that a Docker Engine answers and that mmdebstrap is there to build its base image.
#
# An engine that answers is left as it is. Without one, root on Debian gets Debian's own
# packages and an engine started in the background; anyone else is told what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/bootstrap/common.sh

log=${ASSAY_DOCKERD_LOG:-/var/log/assay-dockerd.log}

# A client that hangs on a dead socket must not hang us.
engine_answers() { timeout 20 docker info >/dev/null 2>&1; }

engine_packages() {
  local wanted=(docker.io iptables ca-certificates)
  # With AppArmor in the kernel the engine needs its parser to start any container.
  if grep -qs Y /sys/module/apparmor/parameters/enabled; then wanted+=(apparmor); fi
  command -v mmdebstrap >/dev/null || wanted+=(mmdebstrap)
  install_packages "${wanted[@]}"
  hash -r
}

# usage: start_daemon OPTION...
# Detached from this process: own session, own log, and none of our descriptors, so that
# whoever reads make's output does not wait for the engine.
start_daemon() (
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    if [ "$fd" -gt 2 ]; then eval "exec $fd>&-"; fi
  done
  cd /
  # One that was killed leaves its number behind, which may be another process's by now.
  if ! grep -qsx dockerd /proc/[0-9]*/comm; then rm -f /var/run/docker.pid; fi
  exec setsid --fork dockerd "$@" </dev/null >>"$log" 2>&1
)

# usage: wait_for_engine SECONDS
wait_for_engine() {
  local began=$SECONDS next=5
  while ! engine_answers; do
    sleep 0.5
    # Started by us or by Debian's own script, a dead daemon needs no more waiting.
    if [ $((SECONDS - began)) -ge 3 ] && ! grep -qsx dockerd /proc/[0-9]*/comm; then return 1; fi
    if [ $((SECONDS - began)) -ge "$1" ]; then return 1; fi
    if [ $((SECONDS - began)) -ge "$next" ]; then
      say "Waiting for the Docker Engine: $((SECONDS - began)) s so far"
      next=$((next + 5))
    fi
  done
}

start_engine() {
  say "Starting the Docker Engine; its log is $log"
  if [ -d /run/systemd/system ] && systemctl start docker 2>>"$log"; then
    wait_for_engine 60 && return
  fi
  start_daemon
  wait_for_engine 60 && return
  # Some machines forbid firewall rules. Assay's containers have no network, so they need none.
  say "The engine did not start; once more without its own network"
  start_daemon --iptables=false --ip6tables=false --bridge=none
  wait_for_engine 60
}

bring_engine() {
  [ -z "${DOCKER_HOST:-}" ] ||
    stop "the Docker Engine named by DOCKER_HOST does not answer: start it, or unset DOCKER_HOST."
  may_install ||
    stop "no Docker Engine answers to 'docker info': start one, or run this as root on Debian, where it is installed for you."
  if ! command -v dockerd >/dev/null; then engine_packages; fi
  # A package may have started the engine while it was being installed.
  engine_answers && return
  start_engine || {
    tail -n 20 "$log" >&2
    stop "the Docker Engine is installed but does not start; the lines above are from $log."
  }
}

bring_image_builder() {
  command -v mmdebstrap >/dev/null && return
  if may_install; then
    install_packages mmdebstrap
  else
    # An image that was imported works without it, so this is no reason to stop.
    say "mmdebstrap is missing: without it no base image can be built here, only imported"
  fi
}

if engine_answers && command -v mmdebstrap >/dev/null; then exit 0; fi
if [ -w /run/lock ]; then
  exec 9>/run/lock/assay-engine.lock
  flock 9
fi
engine_answers || bring_engine
bring_image_builder
say "The Docker Engine answers: $(docker info --format '{{.ServerVersion}}')"
