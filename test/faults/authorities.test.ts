/**
 * Two authorities side by side, each killed in turn, under sixteen writers of the same four keys: what each of
 * them was answered is explained by the key having had one value at a time, and the trail agrees with the store.
 */
import { createEtcd, type Etcd } from '@quantivista/etcd';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { until } from '../../infra/stack/until.ts';
import { type Held, type KeyOperation, unexplained } from '../guarantees/linearizable.ts';
import { createRandom, type Random } from '../guarantees/random.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { openTrail, type Trail } from './trail.ts';
import { trailAgrees } from './trail-agrees.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const KEYS = ['a', 'b', 'c', 'd'];
const WRITERS = 16;
const ROUNDS = 2;

let network: TestNetwork;
let store: Etcd;
let trail: Trail;

beforeAll(async () => {
  network = await startTestNetwork({
    regionNames: [],
    authorityCount: 2,
    authorityEnv: { RECOVER_AFTER_MS: '1500', RECOVER_INTERVAL_MS: '50' },
  });
  store = createEtcd({ hosts: [network.etcd.url] });
  trail = openTrail(network.postgres.url);
});
afterAll(async () => {
  store.close();
  await trail.close();
  await network.stop();
});

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly body: { readonly config_value?: string; readonly current?: unknown };
}

/** `undefined` where the answer was lost. */
async function call({ url }: Component, method: string, key: string, body?: unknown) {
  try {
    const response = await fetch(`${url}/api/v1/config/shared/${key}?environment=TEST`, {
      method,
      headers: { authorization: `Bearer ${network.token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : JSON.parse(text);
    return {
      status: response.status,
      code: String(parsed.type ?? '')
        .split(':')
        .at(-1)!,
      body: parsed,
    } satisfies Answer;
  } catch {
    return undefined;
  }
}

/** Answers after which nothing was changed, and nothing is known of what the key holds. */
const NOTHING = new Set(['store_unavailable', 'audit_unavailable', 'write_aborted', 'not_ready']);

/** One operation on one key; `undefined` where it came to nothing. Also tells what the writer has learned. */
async function operate(random: Random, key: string, known: Held, to: string) {
  const authority = random.pick(network.authorities);
  const kind = random.chance(0.4) ? 'read' : random.chance(0.85) ? 'swap' : 'write';
  const sentAt = performance.now();
  const answer = await (kind === 'read'
    ? call(authority, 'GET', key)
    : call(authority, 'PUT', key, {
        new_value: to,
        ...(kind === 'swap' && { old_value: known ?? null }),
      }));
  const answeredAt = performance.now();
  const lost = answer === undefined || answer.code === 'write_in_doubt';
  if (kind === 'read') {
    if (lost || (answer.status !== 200 && answer.status !== 404)) return undefined;
    return { kind, saw: answer.body.config_value, sentAt, answeredAt } satisfies KeyOperation;
  }
  if (answer && NOTHING.has(answer.code)) return undefined;
  // Others were quicker too often: nothing was changed, and the condition was not what refused it.
  if (answer?.code === 'conflict' && answer.body.current === undefined) return undefined;
  if (!lost) expect([200, 409]).toContain(answer.status);
  const when = { sentAt, answeredAt: lost ? Number.POSITIVE_INFINITY : answeredAt };
  if (kind === 'write')
    return { kind, to, answer: lost ? 'unknown' : 'done', ...when } satisfies KeyOperation;
  const verdict = lost ? 'unknown' : answer.status === 200 ? 'done' : 'refused';
  return { kind, from: known, to, answer: verdict, ...when } satisfies KeyOperation;
}

/** The key's values in the order in which the store had them. */
async function valuesOf(key: string): Promise<string[]> {
  const values: string[] = [];
  let before: number | undefined;
  do {
    const query = { limit: 500, ...(before !== undefined && { before }) };
    const { body } = await network
      .api(network.authority)
      .versions('shared', key, { environment: 'TEST', query });
    values.push(...body.versions.map(({ config_value }) => config_value as string));
    before = body.next_before;
  } while (before !== undefined);
  return values.reverse();
}

test('no update is lost, and none acknowledged that was not made', { timeout: 240_000 }, async () => {
  const operations = new Map<string, KeyOperation[]>(KEYS.map(key => [key, []]));
  let stopped = false;
  let done = 0;
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    const random = createRandom(SEED + writer);
    const known = new Map<string, Held>();
    for (let count = 0; !stopped; count++) {
      const key = random.pick(KEYS);
      const to = `w${writer}-${count}`;
      const operation = await operate(random, key, known.get(key), to);
      if (!operation) continue;
      operations.get(key)!.push(operation);
      done++;
      if (operation.kind === 'read') known.set(key, operation.saw);
      else known.set(key, operation.answer === 'done' ? to : known.get(key));
    }
  });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const authority of network.authorities) {
        const before = done;
        await until(() => done > before + 60, { what: 'operations with both', timeoutMs: 60_000 });
        await authority.kill();
        const without = done;
        await until(() => done > without + 30, { what: 'operations with one', timeoutMs: 60_000 });
        await authority.start();
      }
    }
  } finally {
    stopped = true;
    await Promise.all(writers);
  }
  await until(async () => (await trail.pending()) === 0, { what: 'every intent to have an outcome' });
  await trailAgrees(store, trail);
  const at = performance.now();
  for (const [key, made] of operations) {
    const answer = await call(network.authority, 'GET', key);
    const last: KeyOperation = {
      kind: 'read',
      saw: answer!.body.config_value,
      sentAt: at,
      answeredAt: at + 1,
    };
    expect(unexplained([...made, last], await valuesOf(key)), `seed ${SEED}, key ${key}`).toEqual([]);
    expect(made.filter(each => each.kind !== 'read' && each.answer === 'done').length).toBeGreaterThan(10);
  }
});
