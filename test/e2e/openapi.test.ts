/**
 * Whatever is asked of an endpoint, as its description says or broken somewhere: never a fault of the server's,
 * and what is refused has changed nothing. SEED repeats a run.
 */
import { COMMIT_KEY, OFREP_PREFIX } from '@quantivista/contracts';
import { createEtcd, type Etcd } from '@quantivista/etcd';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Component } from '../../infra/stack/component.ts';
import { openTrail, type Trail } from '../faults/trail.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { type GeneratedRequest, type OpenApi, requestsOf } from '../harness/openapi-requests.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const REQUESTS = Number(process.env.REQUESTS ?? 1_500);

let network: TestNetwork;
let etcd: Etcd;
let trail: Trail;

beforeAll(async () => {
  network = await startTestNetwork({ regionNames: ['eu'], runtime: ['bun', 'node'] });
  etcd = createEtcd({ hosts: [network.etcd.url] });
  trail = openTrail(network.postgres.url);
});
afterAll(async () => {
  etcd.close();
  await trail.close();
  await network.stop();
});

const documentOf = async ({ url }: Component) =>
  (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;

/** Grows with every write that is begun. */
async function changes() {
  const { entries } = await etcd.read([COMMIT_KEY]);
  return { commit: entries[0]?.modRevision, rows: await trail.rowCount() };
}

async function ask({ url }: Component, { method, target, headers, body }: GeneratedRequest) {
  const stop = new AbortController();
  const response = await fetch(url + target, {
    method,
    headers: { ...headers, authorization: `Bearer ${network.token}` },
    ...(body !== undefined && { body }),
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]),
  });
  // A stream has no end: its head is all that is looked at.
  const streaming = response.headers.get('content-type')?.startsWith('text/event-stream');
  const text = streaming ? '' : await response.text();
  stop.abort();
  return { status: response.status, type: response.headers.get('content-type') ?? '', text };
}

/** OFREP's errors have a form of its own. */
const errorType = ({ url }: Component, { target }: GeneratedRequest): string =>
  new URL(url + target).pathname.startsWith(OFREP_PREFIX) ? 'application/json' : 'application/problem+json';

/** `node`: its index among those that serve; 503 is an answer there to `max_age` and `min_revision`. */
async function tryAll(component: Component, count: number, mayBeBehind: boolean): Promise<void> {
  const requests = fc.sample(requestsOf(await documentOf(component)), { numRuns: count, seed: SEED });
  const statuses = new Map<number, number>();
  let before = await changes();
  for (const request of requests) {
    const { status, type, text } = await ask(component, request);
    const what = `seed ${SEED}: ${request.method} ${request.target} ${JSON.stringify(request.headers)} ${request.body?.slice(0, 500)} → ${status} ${text.slice(0, 500)}`;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (!(mayBeBehind && status === 503)) expect(status, what).toBeLessThan(500);
    if (status >= 400) expect(type, what).toBe(errorType(component, request));
    const after = await changes();
    if (status >= 400) expect(after, what).toEqual(before);
    before = after;
  }
  // Neither kind is missing: a run in which all is refused shows little.
  const share = (from: number) =>
    [...statuses]
      .filter(([status]) => status >= from && status < from + 100)
      .reduce((sum, [, n]) => sum + n, 0) / count;
  expect(share(200), JSON.stringify([...statuses])).toBeGreaterThan(0.1);
  expect(share(400), JSON.stringify([...statuses])).toBeGreaterThan(0.1);
}

test('at the authority', { timeout: 300_000 }, () => tryAll(network.authority, REQUESTS, false));

test.each([0, 1])('at the node of index %i (Bun, Node)', { timeout: 300_000 }, index =>
  tryAll(network.serving[index]!, REQUESTS / 5, true),
);
