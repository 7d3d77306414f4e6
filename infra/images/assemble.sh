#!/usr/bin/env bash
# assemble.sh APP TARGET: makes below TARGET what APP (authority or read-node) needs to run, and nothing else: its
# sources and those of the packages that it uses, as they stand in the repository, and their production dependencies.
# Not `pnpm deploy`: that puts the packages below node_modules, where Node does not run TypeScript.
set -euo pipefail
app=$1 target=$2
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pnpm() { CI=true npx -y pnpm@12.21.0 "$@"; }

mkdir -p "$target"
cp package.json pnpm-lock.yaml pnpm-workspace.yaml "$target"
pnpm ls --recursive --depth -1 --parseable --filter "@quantivista/$app..." | while read -r folder; do
  name=${folder#"$PWD/"}
  mkdir -p "$target/$(dirname "$name")"
  cp -R "$folder" "$target/$name"
  rm -rf "$target/$name/node_modules"
  find "$target/$name" -name '*.test.ts' -delete
done
# What else the arguments say, such as --offline, is for pnpm.
(cd "$target" && pnpm install --prod --frozen-lockfile --ignore-scripts --filter "@quantivista/$app..." "${@:3}")
chmod -R a+rX,go-w "$target"
