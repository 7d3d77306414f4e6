/** The command line against servers that answer what is prepared: exit codes, errors. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useCommandLine } from '../test/command-line.ts';

const { folder, serve, finish } = useCommandLine();

test.each([
  [[], 'A command is needed'],
  [['frobnicate'], "unknown command 'frobnicate'"],
  [['get'], "missing required argument 'service'"],
  [['get', 'Upper', '--authority', 'http://x'], 'service "Upper" must match'],
  [['get', 'a'], 'No authority is known'],
  [['get', 'a', '--authority', 'ftp://x'], 'is not an http or https URL'],
  [['get', 'a', '-e', 'moon', '--authority', 'http://x'], "no environment 'moon'"],
  [['set', 'a', 'k', '1', '--type', 'NONE'], 'Allowed choices'],
  [['set', 'a', 'k', '1', '--old-value', 'x', '--authority', 'http://x'], 'is not JSON'],
  [['set', 'a', 'k', '12345678901234567890', '--authority', 'http://x'], 'give --string'],
  [['watch', 'a', '--authority', 'http://x'], 'A read node is needed'],
  [['rollback', 'a', '--authority', 'http://x'], 'either a version or --to'],
  [['rollback', 'a', '--to', 'noon', '--authority', 'http://x'], 'neither a number nor a time'],
  [['get', 'a', '--version', '1', '--authority', 'http://x'], '--version is of one key'],
  [['import', 'nowhere.env', '--authority', 'http://x'], 'There is no file nowhere.env'],
])('%j is wrong usage', async (args, message) => {
  const { code, err, out } = await finish(args);
  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(err).toMatch(/^error: [^\n]+$/);
  expect(out).toBe('');
});

test('a problem becomes one line, without what would steer the terminal', async () => {
  const errors = [{ field: 'body.reason', message: 'too long' }];
  const problem = { type: 'x', title: 'The request is not valid', detail: 'bad\x1b[2J', errors };
  const { url } = await serve(() => ({ status: 400, body: problem }));
  expect(await finish(['get', 'a', '--authority', url])).toEqual({
    code: 1,
    out: '',
    err: 'error: The request is not valid: bad\\u001b[2J: body.reason: too long',
  });
});

test('an answer that is no problem, and a server that is not there', async () => {
  const { url } = await serve(() => ({ status: 502, body: '<html>' }));
  expect((await finish(['get', 'a', '--authority', url])).err).toBe(`error: ${url} answered 502`);
  const { code, err } = await finish(['get', 'a', '--authority', 'http://127.0.0.1:9']);
  expect(code).toBe(1);
  expect(err).toMatch(/^error: http:\/\/127\.0\.0\.1:9 can't be reached: /);
});

test('a read passes on from a node that is not ready', async () => {
  const first = await serve(() => ({ status: 503, body: { title: 'not ready' } }));
  const second = await serve(() => ({ body: { k: 'v' } }));
  const { code, out } = await finish([
    'get',
    'a',
    '--json',
    '--node',
    `${first.url},${second.url}`,
    '--token',
    't',
  ]);
  expect([code, JSON.parse(out)]).toEqual([0, { k: 'v' }]);
  expect(second.asked[0]).toMatchObject({
    url: '/api/v1/config/a?environment=DEVELOPMENT&secrets=withheld',
  });
  expect(second.asked[0]!.headers.authorization).toBe('Bearer t');
});

test('set: JSON where it is JSON, and only under the condition', async () => {
  const { url, asked } = await serve(({ method }) => ({
    headers: { etag: '"g.7"', 'x-config-revision': '9' },
    body: { config_value: 5, version: method === 'PUT' ? 4 : 3 },
  }));
  const base = ['--authority', url, '-e', 'production'];
  expect((await finish(['set', 'a', 'k', '5', '--if-version', '3', '--reason', 'r', ...base])).out).toBe(
    'a/k = 5 (version 4, revision 9)',
  );
  expect(asked[1]).toMatchObject({ method: 'PUT', url: '/api/v1/config/a/k?environment=PRODUCTION' });
  expect(asked[1]!.headers['if-match']).toBe('"g.7"');
  expect(asked[1]!.body).toEqual({ new_value: 5, reason: 'r' });
  expect((await finish(['set', 'a', 'k', '5', '--if-version', '2', ...base])).err).toContain(
    'at version 3, not 2',
  );
  await finish(['set', 'a', 'k', '5', '--string', '--old-value', 'null', ...base]);
  expect(asked.at(-1)!.body).toEqual({ new_value: '5', old_value: null });
  await finish(['set', 'a', 'k', 'plain text', ...base]);
  expect(asked.at(-1)!.body).toEqual({ new_value: 'plain text' });
});

test('import: what the file says is sent, and what the authority answers is shown', async () => {
  const file = join(folder, 'some.env');
  writeFileSync(file, 'A=1\nB=two # words\n');
  const answer = {
    dry_run: false,
    read_revision: 40,
    revision: 42,
    transactions: [
      { revision: 41, changed: 1 },
      { revision: 42, changed: 1 },
    ],
    entries: [
      {
        environment: 'DEVELOPMENT',
        service_name: 'a',
        config_key: 'A',
        change: 'changed',
        old_value: 'old',
        new_value: '1',
      },
      { environment: 'DEVELOPMENT', service_name: 'a', config_key: 'B', change: 'added', new_value: 'two' },
      { environment: 'DEVELOPMENT', service_name: 'a', config_key: 'C', change: 'removed', old_value: true },
    ],
    totals: { added: 1, changed: 1, removed: 1, unchanged: 7 },
    violations: [],
    refusals: [{ title: 'A condition', detail: 'the key exists' }],
    warnings: [],
  };
  const { url, asked } = await serve(() => ({ body: answer }));
  const base = ['import', file, '--service', 'a', '--authority', url];
  const { out, code } = await finish([...base, '--prune']);
  expect([code, out.split('\n')]).toEqual([
    0,
    [
      'a',
      '  ~ A "old" → "1"',
      '  + B = "two"',
      '  - C (was true)',
      '1 added, 1 changed, 1 removed, 7 unchanged',
      'refused: A condition: the key exists',
      'revision 42 (2 transactions)',
    ],
  ]);
  expect(asked[0]!.body).toEqual({ a: { A: '1', B: 'two' } });
  const query = new URL(asked[0]!.url, url).searchParams;
  expect([...query].sort()).toEqual([
    ['atomic', 'false'],
    ['config_type', 'ENVIRONMENT_VARIABLE'],
    ['dry_run', 'false'],
    ['environment', 'DEVELOPMENT'],
    ['mode', 'replace'],
  ]);
  const json = await finish([...base, '--dry-run', '--json']);
  expect(JSON.parse(json.out)).toEqual({
    environment: 'DEVELOPMENT',
    services: { a: { A: '1', B: 'two' } },
    ...answer,
  });
});

test('watch ends with what the node refuses for good', async () => {
  const { url } = await serve(() => ({ status: 401, body: { title: 'A valid token is needed' } }));
  expect(await finish(['watch', 'a', '--node', url])).toMatchObject({
    code: 1,
    err: 'error: A valid token is needed',
  });
});

test('a rollback to a revision is shown first, and done with --yes', async () => {
  const change = {
    config_key: 'k',
    change: 'changed',
    old_value: 2,
    new_value: 1,
    restored_version: 1,
    new_version: 3,
  };
  const { url, asked } = await serve(({ body }) => ({
    body: {
      service_name: 'a',
      restored_revision: 5,
      revision: 9,
      transactions: 1,
      changes: [change],
      preview: (body as { preview?: boolean }).preview === true,
    },
  }));
  const shown = await finish(['rollback', 'a', '--to', '5', '--authority', url]);
  expect(shown.out).toContain('1 key would change: --yes --expected-revision 9 does it');
  const done = await finish(['rollback', 'a', '--to', '5', '--yes', '--in-parts', '--authority', url]);
  expect(done.out).toContain('1 key rolled back to revision 5, as revision 9');
  const about = { environment: 'DEVELOPMENT', service_name: 'a', revision: 5 };
  expect(asked.map(({ body }) => body)).toEqual([
    { ...about, preview: true },
    { ...about, atomic: false },
  ]);
});
