#!/usr/bin/env bash
# Writes the lock files from pyproject.toml. For maintainers: users never run it.
#
# The locks carry hashes for every platform and Python from 3.11 on, and nothing about the
# machine that made them: no index address, no local folder. The machine's own settings for
# package clients are ignored, so that every hash is one of the public index.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/bootstrap/common.sh

uv_release=0.13.9
tool=.venv-lock
python=$(find_python) || stop "Python 3.11 or newer is missing."
[ -x "$tool/bin/uv" ] || { "$python" -m venv "$tool" && "$tool/bin/pip" install -q "uv==$uv_release"; }
unset UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_DEFAULT_INDEX

# usage: lock FILE ARGUMENT...
lock() {
  local file=$1
  shift
  "$tool/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" --output-file "$file" >/dev/null
  printf '%s\n' '# Made by `make lock` from pyproject.toml; not edited by hand.' |
    cat - "$file" >"$file.new"
  mv "$file.new" "$file"
  say "$file: $(grep -c '==' "$file") packages"
}

lock requirements.lock "$@" pyproject.toml
lock requirements-dev.lock "$@" --constraint requirements.lock --group dev pyproject.toml
lock requirements-demo.lock "$@" --no-deps --group pyproject.toml:demo
lock requirements-front.lock "$@" --no-deps --group pyproject.toml:front
