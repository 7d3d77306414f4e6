/** What the log says of deliveries that the database interrupts. */
import type { Audit, EventHead } from '@quantivista/audit';
import { WEBHOOKS_PREFIX } from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { type Log, silentLog } from '@quantivista/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ConsumersOptions, runConsumers } from './consumers.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const webhook = (name: string, types: string[]) => ({
  key: `${WEBHOOKS_PREFIX}${name}`,
  value: JSON.stringify({ name, types, environments: [], services: [], enabled: true, version: 1 }),
});

/** Two webhooks, one of which wants events and one of which there is none for; and a database that answers or not. */
function start() {
  const state = { away: undefined as string | undefined, heads: [] as EventHead[], receives: true };
  const lines: string[] = [];
  const note = (fields: object, message: string) =>
    void lines.push(`${(fields as { webhook: string }).webhook} ${message}`);
  const log: Log = { ...silentLog, info: note, warn: note };
  const answer = async <T>(value: T): Promise<T> => {
    if (state.away !== undefined) throw new Error(state.away);
    return value;
  };
  const options = {
    etcd: {
      list: async () => ({
        kind: 'listed',
        entries: [webhook('busy', []), webhook('quiet', ['audit_finding'])],
      }),
    } as unknown as Etcd,
    audit: {
      events: {
        heads: (after: number) => answer(state.heads.filter(({ sequence }) => sequence > after)),
        read: async (sequence: number) => ({ sequence, type: 'configuration_updated', payload: {} }),
      },
      deliveries: {
        claim: () => answer({ sequence: 0, waiting: [] }),
        holds: () => answer(true),
        save: () => answer(true),
      },
    } as unknown as Audit,
    messenger: {
      send: async () => ({ delivered: state.receives, durationMs: 1 }),
    } as unknown as ConsumersOptions['messenger'],
    metrics: { attempted() {}, measure: async () => {} },
    log,
    limits: { concurrency: 1, firstRetryMs: 100, maxRetryMs: 100, giveUpMs: 1_000_000, pollMs: 50 },
    disable: async () => {},
  } satisfies ConsumersOptions;
  const stop = new AbortController();
  const ran = runConsumers(options, stop.signal);
  const end = async () => {
    stop.abort();
    await vi.advanceTimersByTimeAsync(1_000);
    await ran;
  };
  const add = (sequence: number) =>
    state.heads.push({
      sequence,
      subject: 'a',
      type: 'configuration_updated',
      environment: 'TEST',
      service: 'a',
      event: undefined,
    });
  const said = () => lines.splice(0).sort();
  return { state, add, said, end };
}

test('an interruption is told once for each reason and webhook, and once when events are delivered again', async () => {
  const { state, add, said, end } = start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said()).toEqual([]);
  state.away = 'it is away';
  add(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said()).toEqual(['busy delivery is interrupted', 'quiet delivery is interrupted']);
  state.away = 'it is full';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said()).toEqual(['busy delivery is interrupted', 'quiet delivery is interrupted']);
  // Where there is nothing to deliver that is as good; where the receiver takes none it is not over.
  state.receives = false;
  state.away = undefined;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said()).toEqual(['quiet no longer: delivery is interrupted']);
  state.receives = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said()).toEqual(['busy no longer: delivery is interrupted']);
  await end();
  expect(said()).toEqual([]);
});
