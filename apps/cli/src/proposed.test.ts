/** The command line where a server has proposed what it was to change. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Asked, useCommandLine } from '../test/command-line.ts';

const { folder, serve, finish: finishWith } = useCommandLine();
let url: string;
let asked: Asked[];
let answer: (method: string) => { status: number; body: unknown };

beforeEach(async () => {
  ({ url, asked } = await serve(({ method }) => answer(method)));
});
const finish = (args: readonly string[]) => finishWith(['--authority', url, '-e', 'production', ...args]);

/** A proposal as the server answers it. */
const proposal = {
  id: '0190c8a0-0000-7000-8000-000000000000',
  state: 'open',
  author: 'ann',
  reason: 'more',
  created_at: '2026-01-01T00:00:00.000Z',
  digest: 'abcdef0123456789',
  approvals: [],
  comments: [],
  changes: [
    {
      kind: 'configuration',
      environment: 'PRODUCTION',
      service_name: 'a',
      config_key: 'k',
      before: { config_value: 4 },
      after: { config_value: 5 },
    },
  ],
  requirements: [{ environment: 'PRODUCTION', required_approvals: 2, approvers: ['bob', 'cid'] }],
  changed_since: [],
  affected: { watchers: 1, instances: [{ instance_id: 'a-1', region: 'eu' }], truncated: false },
};

test('a change that was proposed is told as such, by every command that makes one', async () => {
  answer = method => (method === 'GET' ? { status: 200, body: {} } : { status: 202, body: proposal });
  const set = await finish(['set', 'a', 'k', '5', '--at', '2026-12-01T06:00:00+02:00']);
  expect(set.code).toBe(0);
  expect(set.out.split('\n')).toEqual([
    `proposed, not yet made: ${proposal.id}`,
    '  by ann at 2026-01-01T00:00:00.000Z: more',
    '  PRODUCTION a/k',
    '    - 4',
    '    + 5',
    '  PRODUCTION needs 2 of bob, cid; 0 given',
    '  affects 1 stream',
    '    a-1 in eu',
    '  digest abcdef012345',
  ]);
  expect(asked[0]!.headers['x-config-apply-at']).toBe('2026-12-01T04:00:00.000Z');
  await finish(['delete', 'a', 'k', '--break-glass', '--reason', 'fire']);
  expect(asked[1]!.headers['x-config-break-glass']).toBe('true');
  await finish(['delete', 'a', 'k', '--trial', '60']);
  expect(asked[2]!.headers['x-config-trial']).toBe('60');
  expect((await finish(['set', 'a', 'k', '5', '--at', 'tomorrow'])).code).toBe(2);

  const file = join(folder, 'proposed.env');
  writeFileSync(file, 'K=1');
  const imported = await finish(['import', file, '--service', 'a', '--json']);
  expect(imported.code).toBe(0);
  expect(JSON.parse(imported.out).proposals).toHaveLength(1);
});

test('approve takes the digest of what was shown', async () => {
  answer = () => ({ status: 200, body: proposal });
  const approve = (digest: string) => finish(['proposal', 'approve', proposal.id, digest]);
  expect(await approve('abcdef')).toMatchObject({ code: 2, err: expect.stringContaining('too short') });
  expect(await approve('abcdef012346')).toMatchObject({
    code: 2,
    err: expect.stringContaining('not the digest'),
  });
  expect(asked.every(({ method }) => method === 'GET')).toBe(true);
  expect((await approve('abcdef012345')).code).toBe(0);
  expect(asked.at(-1)).toMatchObject({ method: 'POST', body: { digest: proposal.digest } });
});
