/**
 * The watch loses nothing: each way in which etcd3's own watcher was seen to lose events, and those in which
 * a watch ends for good.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEtcd, type Etcd, type RevisionEvents, type WatchEnd } from '@quantivista/etcd';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { createEtcdServer } from '../../infra/stack/stores.ts';
import { until } from '../../infra/stack/until.ts';
import { askEtcd } from '../harness/etcd-gateway.ts';
import { createLink, type Link } from '../harness/link.ts';

const PREFIX = '/watched/';
let dir: string;
let server: Component;
let direct: Etcd;
let link: Link;
let linked: Etcd;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'qv-etcd-'));
  const ports = createPorts();
  server = createEtcdServer({ name: 'etcd', dir, port: await ports.next(), peerPort: await ports.next() });
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  link = await createLink(server.port);
  direct = createEtcd({ hosts: [server.url] });
  linked = createEtcd({ hosts: [link.url] });
});
afterEach(async () => {
  direct.close();
  linked.close();
  await link.close();
});

const put = async (key: string, value: string) =>
  (await direct.txn({ compare: [], success: [{ op: 'put', key: PREFIX + key, value }] })).revision;

async function putMany(count: number, value: string): Promise<number> {
  let last = 0;
  for (let at = 0; at < count; at += 50) {
    const batch = Array.from({ length: Math.min(50, count - at) }, (_, index) =>
      put(`k${at + index}`, value),
    );
    last = Math.max(last, ...(await Promise.all(batch)));
  }
  return last;
}

/** A follower in its simplest form: watch from `next`, again and again, until `to` is reached. */
async function follow(from: number, to: number, disturb: (seen: RevisionEvents[]) => void = () => {}) {
  const seen: RevisionEvents[] = [];
  const ends: WatchEnd[] = [];
  let next = from;
  while (next <= to) {
    const watch = linked.watch({
      prefix: PREFIX,
      from: next,
      silenceMs: 1_000,
      probeMs: 200,
      onRevision: events => {
        seen.push(events);
        next = events.revision + 1;
        disturb(seen);
        if (next > to) watch.close();
      },
    });
    const end = await watch.ended;
    ends.push(end);
    if (end.reason === 'compacted' || end.reason === 'rewound') break;
  }
  return { revisions: seen.map(each => each.revision), seen, ends };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('every revision arrives once and in order', () => {
  test('through cuts in the middle of a backlog', async () => {
    const first = await put('start', '0');
    const last = await putMany(3_000, 'x'.repeat(100));
    let cuts = 0;
    const { revisions } = await follow(first, last, seen => {
      if (cuts < 3 && seen.length > (cuts + 1) * 500) {
        cuts++;
        link.cut();
        link.heal();
      }
    });
    expect(revisions).toEqual(range(first, last));
    expect(cuts).toBe(3);
  });

  test('where a cut comes with the first event of a backlog', async () => {
    const first = await put('start', '0');
    const last = await putMany(2_500, 'x');
    let cut = false;
    const { revisions } = await follow(first, last, () => {
      if (cut) return;
      cut = true;
      link.cut();
      link.heal();
    });
    expect(revisions).toEqual(range(first, last));
  });

  test('where the backlog is many times the message limit of 4 MB', async () => {
    const first = await put('start', '0');
    const last = await putMany(1_500, 'x'.repeat(6_000));
    const { revisions } = await follow(first, last);
    expect(revisions).toEqual(range(first, last));
  });

  test('where one transaction alone is over 1 MB: it arrives whole', async () => {
    const first = await put('start', '0');
    const success = Array.from({ length: 20 }, (_, index) => ({
      op: 'put' as const,
      key: `${PREFIX}big${index}`,
      value: 'y'.repeat(60_000),
    }));
    const { revision } = await direct.txn({ compare: [], success });
    const { seen } = await follow(first, revision);
    expect(seen.at(-1)?.events.length).toBe(20);
  });

  test('through a half-open link, which is noticed by its silence', async () => {
    const first = await put('start', '0');
    let hung = false;
    const following = follow(first, first + 300, () => {
      if (hung) return;
      hung = true;
      link.hang();
      setTimeout(() => link.heal(), 1_500);
    });
    await until(() => hung, { what: 'the link to hang' });
    const last = await putMany(300, 'x');
    expect(last).toBe(first + 300);
    const { revisions, ends } = await following;
    expect(revisions).toEqual(range(first, last));
    expect(hung && ends.length > 1).toBe(true);
  });

  test('through kill -9 of etcd, twice', async () => {
    const first = await put('start', '0');
    let last = await putMany(200, 'x');
    await server.kill();
    await server.start();
    last = await until(() => put('between', '1'), { what: 'etcd to take a put' });
    const following = follow(first, last);
    await server.kill();
    await server.start();
    const { revisions } = await following;
    expect(revisions).toEqual(range(first, last));
  });

  test('through etcd paused for longer than the watchdog waits', async () => {
    const first = await put('start', '0');
    let paused = false;
    const following = follow(first, first + 300, seen => {
      if (paused || seen.length < 10) return;
      paused = true;
      server.pause();
      setTimeout(() => server.resume(), 2_500);
    });
    const keepPutting = async () => {
      for (let count = 0; count < 300; count++) {
        await until(() => put(`p${count}`, 'x'), { what: 'etcd to take a put' });
      }
    };
    await keepPutting();
    const { revisions } = await following;
    expect(revisions).toEqual(range(first, first + 300));
    expect(paused).toBe(true);
  });
});

describe('a watch that can not go on says why', () => {
  test('compacted: where its start is no longer held', async () => {
    const first = await put('start', '0');
    const last = await putMany(50, 'x');
    await askEtcd(server.url, '/v3/kv/compaction', { revision: last });
    const { ends } = await follow(first, last);
    expect(ends.at(-1)).toEqual({ reason: 'compacted' });
    expect(await direct.list({ prefix: PREFIX, revision: first })).toEqual({ kind: 'compacted' });
  });

  test('rewound: where the store is behind its start', async () => {
    const now = await put('start', '0');
    const { ends } = await follow(now + 1_000, now + 1_001);
    expect(ends.at(-1)).toEqual({ reason: 'rewound' });
    expect(await direct.list({ prefix: PREFIX, revision: now + 1_000 })).toEqual({ kind: 'future' });
  });
});

describe('lists', () => {
  test('come whole from several pages, all of one revision', async () => {
    await putMany(400, 'z');
    const listing = linked.list({ prefix: PREFIX, pageSize: 50 });
    const during = await put('zz-new', 'added while listing');
    const listed = await listing;
    if (listed.kind !== 'listed') throw new Error(listed.kind);
    expect(new Set(listed.entries.map(each => each.key)).size).toBe(listed.entries.length);
    expect(listed.entries.every(each => each.modRevision <= listed.revision)).toBe(true);
    expect(listed.entries.some(each => each.key.endsWith('zz-new'))).toBe(listed.revision >= during);
  });

  test('over the message limit are asked for in smaller pages', async () => {
    await putMany(100, 'w'.repeat(900_000));
    const listed = await linked.list({ prefix: PREFIX });
    expect(
      listed.kind === 'listed' && listed.entries.filter(each => each.value.length === 900_000).length,
    ).toBe(100);
  });
});

describe('transactions', () => {
  test('an answer that was lost is a fault, not a refusal: it is carried out once and never tried again', async () => {
    const key = `${PREFIX}once`;
    const txn = linked.txn({
      compare: [{ key, target: 'create', is: 0 }],
      success: [{ op: 'put', key, value: 'mine' }],
      failure: [{ op: 'get', key }],
    });
    const settled = txn.then(
      result => ({ result }),
      error => ({ error }),
    );
    await until(async () => (await direct.read([key])).entries[0], {
      what: 'the transaction to be carried out',
    });
    const outcome = await settled;
    // With or without the answer: never `succeeded: false` for what is stored.
    if ('result' in outcome) expect(outcome.result.succeeded).toBe(true);
    else expect(outcome.error.code).toBe('store_unavailable');
  });

  test('an answer cut off on its way leaves the transaction in doubt', async () => {
    const key = `${PREFIX}doubt`;
    await linked.read([key]);
    link.blockAnswers();
    const txn = linked
      .txn({ compare: [{ key, target: 'create', is: 0 }], success: [{ op: 'put', key, value: 'mine' }] })
      .then(
        () => 'answered',
        error => error.code,
      );
    await until(async () => (await direct.read([key])).entries[0], {
      what: 'the transaction to be carried out',
    });
    link.cut();
    expect(await txn).toBe('store_unavailable');
    expect((await direct.read([key])).entries[0]?.value).toBe('mine');
  });

  test('after an oversized answer other calls go on', async () => {
    const failing = linked
      .read(Array.from({ length: 100 }, (_, index) => `${PREFIX}k${index}`))
      .catch(() => {});
    await Promise.all([failing, put('beside', '1')]);
    expect((await linked.read([`${PREFIX}beside`])).entries[0]?.value).toBe('1');
  });
});
