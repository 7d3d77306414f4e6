/** One of several leads: never two at once, and another soon after the one is gone, however it goes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLeadership, type Leadership } from '../../apps/authority/src/lead/leadership.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { createLink, type Link } from '../harness/link.ts';

interface Candidate {
  readonly link: Link;
  readonly leadership: Leadership;
  /** Let go of the lease, as an authority that ends does. */
  resign(): Promise<void>;
  end(): Promise<void>;
}

let dir: string;
let etcd: Component;
let candidates: Candidate[];
/** Looks all the time; times that more than one led. */
let together: number;
let watching: NodeJS.Timeout;

async function candidate(name: string): Promise<Candidate> {
  const link = await createLink(etcd.port);
  const client: Etcd = createEtcd({ hosts: [link.url] });
  const leadership = createLeadership({ etcd: client, log: silentLog, name, ttlS: 2 });
  const stop = new AbortController();
  const running = leadership.run(stop.signal);
  const resign = async () => {
    stop.abort();
    await running;
  };
  return {
    link,
    leadership,
    resign,
    end: async () => {
      link.cut();
      await resign();
      client.close();
      await link.close();
    },
  };
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-leader-'));
  const ports = createPorts();
  etcd = createEtcdServer({ name: 'etcd', dir, port: await ports.next(), peerPort: await ports.next() });
  await etcd.start();
  candidates = await Promise.all(['one', 'two', 'three'].map(candidate));
  together = 0;
  watching = setInterval(() => {
    if (candidates.filter(({ leadership }) => leadership.leading).length > 1) together++;
  }, 1);
});
afterEach(async () => {
  clearInterval(watching);
  await Promise.all(candidates.map(each => each.end()));
  await etcd.stop();
  rmSync(dir, { recursive: true, force: true });
  expect(together).toBe(0);
});

const leader = (except?: Candidate) =>
  until(() => candidates.find(each => each !== except && each.leadership.leading), {
    what: 'one that leads',
  });

test('one that ends is followed by another', async () => {
  const first = await leader();
  await first.resign();
  expect(first.leadership.leading).toBe(false);
  const second = await leader(first);
  await second.resign();
  await leader(second);
});

test.each([
  ['cut off', (link: Link) => link.cut()],
  ['cut off half open', (link: Link) => link.hang()],
  ['answered nothing', (link: Link) => link.blockAnswers()],
])('one that is %s stops by itself before another begins', async (_, sever) => {
  const first = await leader();
  sever(first.link);
  const second = await leader(first);
  expect(first.leadership.leading).toBe(false);
  first.link.heal();
  // The first takes part again: whoever leads from here, one does.
  sever(second.link);
  await leader(second);
  second.link.heal();
});

test('a store that was wiped has a leader again', async () => {
  await leader();
  await etcd.kill();
  await until(() => candidates.every(({ leadership }) => !leadership.leading), { what: 'nobody to lead' });
  etcd.wipe();
  await etcd.start();
  await leader();
});
