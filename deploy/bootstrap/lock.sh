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
lock requirements-dp.lock "$@" --constraint requirements.lock --extra dp pyproject.toml
lock requirements-dev.lock "$@" --constraint requirements.lock --extra dp --group dev pyproject.toml
lock requirements-demo.lock "$@" --no-deps --group pyproject.toml:demo
lock requirements-front.lock "$@" --no-deps --group pyproject.toml:front

# What images of frameworks bring: for the base image's Python and nothing else, wheels only, and
# one wheel each. A mirror of the index does not matter: the hashes are the public index's.
# usage: flavour FILE ARGUMENT...
flavour() {
  local file=$1 draft
  shift
  draft=$(mktemp)
  [ ! -f "$file.lock" ] || cp "$file.lock" "$draft"
  touch "$file.without"
  "$tool/bin/uv" pip compile --quiet --no-config --python-version 3.11 \
    --python-platform x86_64-manylinux_2_36 --only-binary :all: --overrides "$file.without" \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" "$file.in" --output-file "$draft" >/dev/null
  printf '%s\n' '# Made by `make lock`; not edited by hand.' >"$file.new"
  "$tool/bin/python" deploy/bootstrap/one_wheel_each.py "$draft" >>"$file.new"
  mv "$file.new" "$file.lock"
  [ -s "$file.without" ] || rm "$file.without"
  rm "$draft"
  say "$file.lock: $(grep -c '==' "$file.lock") packages"
}

for input in sandbox/container/flavour_locks/*.in; do flavour "${input%.in}" "$@"; done
