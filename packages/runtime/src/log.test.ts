import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from './log.ts';

/** In every secret here, and nowhere else. */
const MARK = `${randomBytes(12).toString('hex')}Z`;

function logged(fields: object, message = 'it happened'): { line: string; parsed: Record<string, unknown> } {
  const lines: string[] = [];
  createLog('test', 'debug', {}, { write: text => lines.push(text) }).debug(fields, message);
  const line = lines.join('');
  return { line, parsed: JSON.parse(line) };
}

/** As libraries make them: with what was sent hanging onto the error. */
const failing = (message: string, more: object = {}) => Object.assign(new Error(message), more);

test.each<[string, object]>([
  ['a header', { headers: { Authorization: MARK, 'X-API-Key': MARK, 'set-cookie': [MARK] } }],
  ['a value, at any depth', { a: [{ b: { c: [{ new_value: { d: MARK } }] } }], config_value: MARK }],
  ['a login', { user: 'u', passWord: MARK, secret_id: MARK, clientToken: MARK }],
  ['a password in a URL', { url: `redis://node:${MARK}@redis:6379/0` }],
  ['one that holds an @', { url: `postgres://u:${MARK}@${MARK}@db/x` }],
  ['a ticket in a URL', { url: `https://node/ofrep/events?a=1&token=${MARK}&b=2` }],
  ['a token in a text', { note: `the token qvt_${MARK} is gone`, other: `Bearer ${MARK}` }],
  ['a JWT', { note: `eyJhbGciOiJIUzI1NiJ9.${MARK}.${MARK}` }],
  ['Vault’s', { note: `hvs.${MARK} hvb.${MARK} s.${MARK}` }],
  ['an error’s message', { err: failing(`connect postgres://u:${MARK}@db failed`) }],
  ['an error’s cause', { err: new Error('a', { cause: failing(`with hvs.${MARK}`, { body: MARK }) }) }],
  ['what hangs onto an error', { err: failing('WRONGPASS', { command: { name: 'auth', args: [MARK] } }) }],
  ['errors of an error', { err: new AggregateError([failing(`Bearer ${MARK}`, { x: MARK })], 'all') }],
  ['what is thrown and is no error', { err: { password: MARK, x: MARK } }],
  ['an error in another field', { why: failing('x', { config: { data: MARK } }) }],
])('%s does not reach the log', (_, fields) => {
  const { line, parsed } = logged(fields);
  expect(line).not.toContain(MARK);
  expect(parsed).toMatchObject({ app: 'test', msg: 'it happened' });
});

test('nor does it in the message; and what is no secret is told', () => {
  const err = new Error('outer', { cause: failing('inner', { code: 'ECONNREFUSED' }) });
  const url = 'http://etcd:2379/health?revision=7';
  const { line, parsed } = logged({ err, url, key: 'db_password', revision: 7 }, `at x://u:${MARK}@y`);
  expect(line).not.toContain(MARK);
  expect(parsed).toMatchObject({
    msg: 'at x://[redacted]@y',
    url,
    key: 'db_password',
    revision: 7,
    err: { type: 'Error', message: 'outer', cause: { message: 'inner', code: 'ECONNREFUSED' } },
  });
  expect((parsed.err as { stack: string }).stack).toContain('log.test.ts');
});

test('whatever is logged, a line stays JSON', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('http://a:b@c"\\', 'Bearer "abcdefgh\\', '?token="\\'));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(logged({ a: [b], [b]: { note: a } }, a + b).parsed).toHaveProperty('msg');
    }),
  );
});

describe.each(['node/bin/node', 'bun/bin/bun.exe'])('a crash on %s', runtime => {
  const program = join(import.meta.dirname, '../../../node_modules', runtime);
  const source = (thrown: string) => `
    import { createLog, logCrashes } from '${join(import.meta.dirname, 'index.ts')}';
    logCrashes(createLog('test', 'info'));
    const error = Object.assign(new Error('it broke, at redis://u:' + process.env.MARK + '@r'), { sent: process.env.MARK });
    setTimeout(() => {}, 10_000);
    ${thrown}`;

  test.each([
    ['an exception', 'setTimeout(() => { throw error; });'],
    ['a rejection', 'Promise.reject(error);'],
    ['a module that fails', 'throw error;'],
  ])('%s ends the process, and is told without what hangs onto it', async (_, thrown) => {
    const running = promisify(execFile)(
      program,
      ['--input-type=module', '-e', source(thrown)].slice(runtime.startsWith('bun') ? 1 : 0),
      { env: { ...process.env, MARK } },
    );
    const { code, stdout, stderr } = await running.then(
      () => expect.unreachable('it ends with 0'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain(MARK);
    expect(stdout).toContain('it broke');
  });
});
