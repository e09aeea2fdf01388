#!/usr/bin/env bash
# Makes sure that the programs which only tests need are there: PostgreSQL, Redis, RabbitMQ,
# Chromium and gVisor's runsc.
#
# The tests start servers of their own, on free ports and in temporary folders. So nothing is
# started here, and a server that already runs on this machine is neither used nor touched.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/bootstrap/common.sh

# The names of Debian's packages whose programs are missing here.
missing_packages() {
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || echo postgresql
  command -v redis-server >/dev/null || echo redis-server
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || echo rabbitmq-server
  command -v chromium >/dev/null || echo chromium
  command -v runsc >/dev/null || echo runsc
}

# Debian's packages start their servers when they are installed, and again at every boot.
# A machine that says no to the first in its own policy file keeps that file.
policy=/usr/sbin/policy-rc.d
starts_allowed() { rm -f "$policy"; }
forbid_starts() {
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap starts_allowed EXIT
}
forbid_boot() {
  [ -d /run/systemd/system ] || return 0
  local name
  for name in "$@"; do
    case $name in chromium | runsc) continue ;; esac
    systemctl disable --quiet "$name" 2>/dev/null || true
  done
}

mapfile -t wanted < <(missing_packages)
[ "${#wanted[@]}" -gt 0 ] || exit 0
may_install ||
  stop "the tests need ${wanted[*]}: install Debian's packages of these names, or run this as root on Debian, where they are installed for you."
if [ -w /run/lock ]; then
  exec 9>/run/lock/assay-servers.lock
  flock 9
  mapfile -t wanted < <(missing_packages)
  [ "${#wanted[@]}" -gt 0 ] || exit 0
fi
forbid_starts
install_packages "${wanted[@]}" || stop "Debian's packages for the tests could not be installed; the lines above say why."
forbid_boot "${wanted[@]}"
mapfile -t wanted < <(missing_packages)
[ "${#wanted[@]}" = 0 ] || stop "these packages were installed but their programs are still missing: ${wanted[*]}."
say "The servers and the browser that tests need are installed"
