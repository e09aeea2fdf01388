#!/usr/bin/env bash
# usage: env.sh [demo]
# Makes .venv from the lock files: the project with its tools, and with `demo` the small
# bundled model too. Every package is checked against the hash in its lock. A stamp named
# after the locks makes the next call return at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/bootstrap/common.sh
root=$PWD

python=$(find_python) || {
  may_install || stop "Python 3.11 or newer is missing; install it, or name one in ASSAY_PYTHON."
  install_packages python3
  hash -r
  python=$(find_python) || stop "Python 3.11 or newer is missing and this Debian has none."
}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# usage: stamp FILE -> a path that exists once FILE, as it is now, was installed here
stamp() {
  printf '%s/.venv/.stamp-%s-%s' "$root" "$1" \
    "$({ printf '%s %s ' "$root" "$version"; cat "$1"; } | sha256sum | cut -c1-16)"
}

# An older stamp of the same file would lie once the file goes back to what it was.
put_stamp() {
  rm -f "$root/.venv/.stamp-$1-"*
  : >"$(stamp "$1")"
}

# Debian packs the parts of Python that make environments apart from Python.
can_make_environments() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

make_environment() {
  if ! can_make_environments; then
    may_install || stop "Python's venv and ensurepip are missing: install python$version-venv."
    install_packages "python$version-venv"
    can_make_environments || stop "Python's venv and ensurepip are missing, and Debian's python$version-venv did not bring them."
  fi
  "$python" -m venv --clear .venv
}

install_lock() {
  with_progress .venv/install.log "Installing $(grep -c '==' "$1") packages from $1" \
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes \
    --no-deps --only-binary :all: --requirement "$1"
}

# The bundled model's server is compiled code; two of its libraries are no part of every Debian.
bring_libraries() {
  .venv/bin/python -c 'import xllamacpp' 2>/dev/null && return
  may_install || stop "the bundled model needs libgomp.so.1 and libstdc++.so.6: install them (Debian: libgomp1 libstdc++6)."
  install_packages libgomp1 libstdc++6
  .venv/bin/python -c 'import xllamacpp' ||
    stop "the bundled model's server does not load on this machine; the lines above say why."
}

# Puts this tree on the path, so that a change of the code needs no new install.
install_project() {
  local folder
  folder=$(mktemp -d)
  .venv/bin/python deploy/bootstrap/editable.py "$folder" >/dev/null
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
    --force-reinstall "$folder"/*.whl
  rm -rf "$folder"
}

locks=(requirements-dev.lock)
[ "${1:-}" = demo ] && locks+=(requirements-demo.lock)

ready() {
  local lock
  for lock in "${locks[@]}" pyproject.toml; do [ -f "$(stamp "$lock")" ] || return 1; done
}
ready && exit 0

# Two calls at once would write the same folder; the second waits and finds it done.
exec 9<deploy/bootstrap/env.sh
flock 9
ready && exit 0
# An environment that was moved or made by another Python is of no use.
if ! .venv/bin/python -c "import sys; sys.exit(sys.prefix != '$root/.venv' or '%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
  say "Making an environment with $python ($version)"
  make_environment
fi
for lock in "${locks[@]}"; do
  [ -f "$(stamp "$lock")" ] && continue
  install_lock "$lock" || stop "the packages of $lock could not be installed; the lines above say why."
  if [ "$lock" = requirements-demo.lock ]; then bring_libraries; fi
  put_stamp "$lock"
done
install_project || stop "the project could not be installed; the lines above say why."
put_stamp pyproject.toml
say "The environment is ready in .venv"
