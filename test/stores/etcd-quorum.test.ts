/** A member without its quorum: the watch ends instead of staying open, and nothing old is answered as new. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdCluster } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';

let dir: string;
let members: Component[];
let etcd: Etcd;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-quorum-'));
  members = await createEtcdCluster(['one', 'two', 'three'], createPorts(), { dir });
  await Promise.all(members.map(member => member.start()));
  etcd = createEtcd({ hosts: [members[0]!.url], timeoutMs: 2_000 });
});
afterAll(async () => {
  etcd.close();
  await Promise.all(members.map(member => member.kill()));
  rmSync(dir, { recursive: true, force: true });
});

const put = (value: string) => etcd.txn({ compare: [], success: [{ op: 'put', key: '/q/a', value }] });

test('the watch ends, reads and writes fail, and both go on when the quorum is back', async () => {
  const { revision } = await put('1');
  const seen: number[] = [];
  const onRevision = (events: { revision: number }) => void seen.push(events.revision);
  // A long silence is allowed: what ends the watch is the missing leader, not the watchdog.
  const watch = etcd.watch({ prefix: '/q/', from: revision, silenceMs: 60_000, onRevision });
  await until(() => seen.length === 1, { what: 'the first event' });

  await Promise.all([members[1]!.kill(), members[2]!.kill()]);
  const end = await watch.ended;
  expect(end.reason).toBe('lost');
  await expect(etcd.read(['/q/a'])).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(put('2')).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(etcd.list({ prefix: '/q/' })).rejects.toMatchObject({ code: 'store_unavailable' });

  await Promise.all([members[1]!.start(), members[2]!.start()]);
  const last = await until(() => put('3'), { what: 'etcd to take a put' });
  const again = etcd.watch({ prefix: '/q/', from: revision + 1, onRevision });
  await until(() => seen.at(-1) === last.revision, { what: 'the watch to go on' });
  again.close();
  expect(seen).toEqual(Array.from({ length: last.revision - revision + 1 }, (_, index) => revision + index));
});
