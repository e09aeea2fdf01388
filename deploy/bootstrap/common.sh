# Shared by the bootstrap scripts; sourced, never run.

# One line for people, always with the same mark.
say() { printf '==> %s\n' "$*"; }

# Says in one sentence what is missing and ends with status 2.
stop() {
  printf 'Assay: %s\n' "$*" >&2
  exit 2
}

# True where this script may install Debian packages.
may_install() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; }

# Prints the first Python from 3.11 on; ASSAY_PYTHON names another.
find_python() {
  local name
  for name in ${ASSAY_PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

# usage: with_progress LOG TEXT COMMAND...
# Runs the command with its output in LOG; a line every ten seconds shows that it still works.
# A failure prints the end of LOG and returns the command's status.
with_progress() {
  local log=$1 text=$2 began=$SECONDS worker status=0
  shift 2
  say "$text"
  # Descriptor 9 is the scripts' lock: a service that a package starts must not keep it.
  "$@" >"$log" 2>&1 </dev/null 9>&- &
  worker=$!
  local next=10
  while kill -0 "$worker" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - began)) -ge "$next" ]; then
      say "$text: $((SECONDS - began)) s so far"
      next=$((next + 10))
    fi
  done
  wait "$worker" || status=$?
  if [ "$status" != 0 ]; then
    tail -n 20 "$log" >&2
    return "$status"
  fi
  say "$text: done in $((SECONDS - began)) s"
}

# usage: install_packages NAME...
# Installs Debian packages; refreshes the lists when they cannot name what is asked for, and
# once more when they are older than the archive and name files that are gone.
install_packages() {
  local log apt=(apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends)
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  if ! "${apt[@]}" --simulate install "$@" >/dev/null 2>&1; then
    with_progress "$log" 'Reading the package lists' "${apt[@]}" update
  fi
  with_progress "$log" "Installing $*" "${apt[@]}" install "$@" || {
    with_progress "$log" 'Reading the package lists' "${apt[@]}" update
    with_progress "$log" "Installing $* again" "${apt[@]}" install "$@"
  }
  rm -f "$log"
}
