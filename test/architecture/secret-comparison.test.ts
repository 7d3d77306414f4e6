/** Secrets are not compared by `===`, whose time tells how much was right: looked up by hash, or compared as HMACs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const files = ['apps', 'packages'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map(path => join(folder, path)),
);

const EXPRESSION = String.raw`[A-Za-z_$][\w$]*(?:[!?]?\.[A-Za-z_$][\w$]*|\[\w+\])*`;
const COMPARED = new RegExp(`(${EXPRESSION})\\s*[!=]==?\\s*(${EXPRESSION})`, 'g');
const SECRET = /(token|secret|signature|password|bearer|authorization|ticket|mac|credential)$/i;
const LITERAL = /^(undefined|null|true|false)$/;
/** Which of two objects it is, not what is in it. */
const IDENTITY = ['held === token', 'held !== token'].map(each => `packages/vault/src/session.ts: ${each}`);

/** Comparisons of two values of which one is called a secret; of its `length` or `kind` it is none. */
function comparisonsOfSecrets(text: string): string[] {
  return [...text.matchAll(COMPARED)].flatMap(([all, left, right]) => {
    const named = [left!, right!].map(each => each.split('.').at(-1)!);
    return named.some(each => LITERAL.test(each)) || !named.some(each => SECRET.test(each)) ? [] : [all];
  });
}

test('what is looked for is found', () => {
  const found = [
    'a.token === given',
    'x !== request.signature',
    'ticket == y',
    'secrets[0].secret === b.secret',
  ];
  for (const text of found) expect(comparisonsOfSecrets(`if (${text}) {`), text).toHaveLength(1);
  for (const text of [
    'token === undefined',
    "secret.kind === 'opened'",
    'secret.length === n',
    'token.id === id',
  ])
    expect(comparisonsOfSecrets(`if (${text}) {`), text).toEqual([]);
});

test('no secret is compared by its value', () => {
  const found = files.flatMap(path =>
    comparisonsOfSecrets(readFileSync(join(ROOT, path), 'utf8')).map(each => `${path}: ${each}`),
  );
  expect(found.filter(each => !IDENTITY.includes(each))).toEqual([]);
});

test('a token is found by its SHA-256 alone', () => {
  // There a record's key is put together from its name, which of a token is the hash.
  const others = files.filter(path => path !== 'packages/contracts/src/records.ts');
  const keys = others.flatMap(path =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(/TOKENS_PREFIX \+ ([\w.()]+)/g)].map(
      match => match[1]!,
    ),
  );
  expect(keys.length).toBeGreaterThanOrEqual(3);
  expect(keys.filter(each => !/hash/i.test(each))).toEqual([]);
});
