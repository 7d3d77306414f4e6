#!/usr/bin/env bash
# Builds the Vault of go.mod beside this, once for this machine, for the stack and the tests. Needs Go 1.26 and
# about ten minutes of two cores; prints where it is. What has a vault or bao on PATH needs no build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=$(sed -n 's|.*github.com/hashicorp/vault v\([0-9.]*\).*|\1|p' go.mod | head -1)
# As infra/stack/programs.ts looks for it.
folder="${XDG_CACHE_HOME:-$HOME/.cache}/quantivista-config/vault-$version"
mkdir -p "$folder"
# The lock goes with this process, however it ends: whoever comes meanwhile waits, and finds it built.
exec 9>"$folder/lock"
if command -v flock >/dev/null; then flock 9; fi
if [ ! -x "$folder/vault" ]; then
  echo "Building Vault $version …" >&2
  draft="$folder/vault.$$"
  trap 'rm -f "$draft"' EXIT
  GOFLAGS=-mod=readonly nice go build -trimpath -ldflags '-s -w' -o "$draft" github.com/hashicorp/vault >&2
  # Moved into place whole.
  mv "$draft" "$folder/vault"
fi
echo "$folder/vault"
