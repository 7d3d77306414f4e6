/** The layers of ARCHITECTURE.md: imports run downwards alone, and each client library lives in one package. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What a package may import of the others. An app may import every package and no app. */
const ALLOWED: Record<string, readonly string[]> = {
  'packages/contracts': [],
  'packages/snapshot': ['packages/contracts'],
  'packages/flags': ['packages/contracts'],
  'packages/documents': ['packages/contracts'],
  'packages/access': ['packages/contracts'],
  'packages/runtime': ['packages/contracts'],
  // For programs that have nothing else of ours.
  'packages/sdk': [],
  'packages/issuers': ['packages/access', 'packages/contracts', 'packages/runtime'],
  'packages/etcd': ['packages/contracts', 'packages/runtime'],
  'packages/region': ['packages/contracts', 'packages/runtime'],
  'packages/audit': ['packages/contracts', 'packages/runtime'],
  'packages/vault': ['packages/contracts', 'packages/runtime'],
};
const PURE = [
  'packages/contracts',
  'packages/snapshot',
  'packages/flags',
  'packages/documents',
  'packages/access',
];
const HOME_OF: Record<string, string> = {
  etcd3: 'packages/etcd',
  ioredis: 'packages/region',
  jose: 'packages/issuers',
  pg: 'packages/audit',
  'node-vault': 'packages/vault',
  pino: 'packages/runtime',
  'prom-client': 'packages/runtime',
};
/** What reaches the outside world, or depends on when and where it runs. */
const IO = /^node:(fs|net|http|https|child_process|dgram|dns|tls|worker_threads|process|os)(\/|$)/;

interface SourceFile {
  readonly path: string;
  readonly home: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

function read(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map(match => (match[1] ?? match[2] ?? match[3])!);
  const name = relative(ROOT, path);
  return { path: name, home: name.split('/').slice(0, 2).join('/'), text, imports };
}

/** The package or app that an import leads to, where it is one of ours. */
function target(file: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('@quantivista/')) return `packages/${specifier.slice('@quantivista/'.length)}`;
  if (!specifier.startsWith('.')) return undefined;
  const path = relative(ROOT, resolve(ROOT, dirname(file.path), specifier));
  return path.split('/').slice(0, 2).join('/');
}

const files = ['packages', 'apps'].flatMap(folder => [...walk(join(ROOT, folder))]).map(read);
const product = files.filter(file => !file.path.endsWith('.test.ts'));

test('the sources were found', () => {
  expect(product.length).toBeGreaterThan(50);
  expect(new Set(product.map(file => file.home)).size).toBeGreaterThan(7);
});

test('imports run downwards alone', () => {
  const wrong = files.flatMap(file =>
    file.imports.flatMap(specifier => {
      const to = target(file, specifier);
      if (to === undefined || to === file.home) return [];
      const allowed = file.home.startsWith('apps/')
        ? to.startsWith('packages/')
        : ALLOWED[file.home]?.includes(to);
      return allowed ? [] : [`${file.path} imports ${specifier}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('a client library appears in one package', () => {
  const wrong = files.flatMap(file =>
    file.imports
      .filter(specifier => specifier in HOME_OF && HOME_OF[specifier] !== file.home)
      .map(specifier => `${file.path} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

test('gRPC is spoken by the driver of etcd, and served in one place', () => {
  const users = product.filter(file => file.imports.includes('@grpc/grpc-js')).map(file => file.path);
  expect(users.filter(path => !path.startsWith('packages/etcd/'))).toEqual([
    'apps/read-node/src/serve/flagd/grpc-server.ts',
  ]);
});

test('pure packages do no I/O', () => {
  const wrong = product
    .filter(file => PURE.includes(file.home))
    .flatMap(file =>
      file.imports.filter(specifier => IO.test(specifier)).map(specifier => `${file.path}: ${specifier}`),
    );
  expect(wrong).toEqual([]);
});

describe('habits', () => {
  test('the environment is read in main.ts alone', () => {
    const readers = product.filter(file => /process\.env\b/.test(file.text)).map(file => file.path);
    expect(readers.filter(path => !path.endsWith('src/main.ts'))).toEqual([]);
  });

  test('no file is named for nothing in particular', () => {
    const vague = files.filter(file =>
      /(^|\/)(utils?|helpers?|common|misc|managers?)(\.|\/)/.test(file.path),
    );
    expect(vague.map(file => file.path)).toEqual([]);
  });

  test('files stay small', () => {
    const long = files
      .map(file => ({ path: file.path, lines: file.text.split('\n').length }))
      .filter(file => file.lines > 260);
    expect(long).toEqual([]);
  });

  test("etcd3's own watcher is not used", () => {
    const users = product.filter(file =>
      /\.watch\(\)\s*\.(key|prefix|inRange)|new Watcher\b|watchManager/.test(file.text),
    );
    expect(users.map(file => file.path)).toEqual([]);
  });
});
