# Sourced by ./start and test/run, from the repository's root: the pinned runtimes and packages, where they
# are missing or not those of the lock file. Needs Node 20 or newer with npm, and nothing else.

install_packages() {
  if [ -x node_modules/node/bin/node ] && [ -x node_modules/bun/bin/bun.exe ] &&
    cmp -s pnpm-lock.yaml node_modules/.pnpm/lock.yaml; then
    return 0
  fi
  if ! command -v npx >/dev/null 2>&1; then
    echo 'Node.js 20 or newer with npm is needed: https://nodejs.org' >&2
    return 1
  fi
  echo 'Installing the pinned runtimes and packages (about a minute the first time) …' >&2
  CI=true npx -y pnpm@12.21.0 install --frozen-lockfile >&2
}

# Node keeps what it made of each module, and everything that is started from here starts in half the time.
export NODE_COMPILE_CACHE="$PWD/node_modules/.cache/node"
