import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FlagsOfState } from '../flags/held-flags.ts';
import { createSyncStreams, type SyncSocket, type SyncStreamsOptions } from './sync-streams.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client whose messages leave when the test says so. */
function client(credential: string | null = null) {
  const sent: Buffer[] = [];
  let left: (() => void) | undefined;
  let ended: string | undefined;
  const socket: SyncSocket = {
    credential,
    send: (message, done) => {
      expect(left).toBeUndefined();
      sent.push(message);
      left = done;
    },
    end: (code, why) => {
      ended = `${code} ${why}`;
    },
    destroy: () => {
      ended = 'destroyed';
    },
  };
  return {
    socket,
    sent,
    get ended() {
      return ended;
    },
    /** Let the message that is on its way leave, and the next one follow. */
    read: () => {
      const done = left;
      left = undefined;
      done?.();
      vi.advanceTimersByTime(1);
    },
  };
}

function start(options: Partial<SyncStreamsOptions> = {}) {
  let changed = () => {};
  let current: FlagsOfState | undefined;
  const revoked = new Set<unknown>();
  const streams = createSyncStreams({
    flags: {
      get current() {
        return current;
      },
      listen: listener => {
        changed = listener;
      },
    },
    isAllowed: credential => !revoked.has(credential),
    maxAgeMs: 1_000_000,
    drainMs: 1_000,
    writeTimeoutMs: 10_000,
    budgetBytes: 1_000_000,
    ...options,
  });
  /** Each service has the text that is given for all, behind its name. */
  const hold = (text: string) => {
    const made = new Map<string | undefined, { body: string; tag: string }>();
    const flagdFor = (service: string | undefined) => {
      const body = `${service ?? ''}${text}`;
      const known = made.get(service) ?? { body, tag: body };
      made.set(service, known);
      return known;
    };
    current = { flagdFor } as unknown as FlagsOfState;
    changed();
  };
  const settle = () => void vi.advanceTimersByTime(100);
  return { streams, hold, settle, revoked };
}
const textOf = (message: Buffer | undefined) => message?.subarray(2, 2 + message[1]!).toString();

test('a stream begins with what is held, and is told of each change by one message for all', () => {
  const { streams, hold, settle } = start();
  hold('one');
  const [first, second] = [client(), client()];
  streams.join(first.socket, {});
  streams.join(second.socket, {});
  settle();
  expect(first.sent.map(textOf)).toEqual(['one']);
  expect(first.sent[0]).toBe(second.sent[0]);
  first.read();
  second.read();
  hold('two');
  settle();
  expect(first.sent.map(textOf)).toEqual(['one', 'two']);
  expect(first.sent[1]).toBe(second.sent[1]);
});

test('those that select differently are sent what they select', () => {
  const { streams, hold, settle } = start();
  hold('!');
  const [shop, test, all] = [client(), client(), client()];
  streams.join(shop.socket, { service: 'shop' });
  streams.join(test.socket, { service: 'shop', environment: 'TEST' });
  streams.join(all.socket, {});
  settle();
  expect([shop, test, all].map(each => textOf(each.sent[0]))).toEqual(['shop!', 'shop!', '!']);
  expect(test.sent[0]!.length).toBeGreaterThan(shop.sent[0]!.length);
});

test('who reads slowly has one message on its way, and gets the newest after it', () => {
  const { streams, hold, settle } = start();
  hold('one');
  const slow = client();
  streams.join(slow.socket, {});
  settle();
  for (const text of ['two', 'three', 'four']) {
    hold(text);
    settle();
  }
  expect(slow.sent.map(textOf)).toEqual(['one']);
  slow.read();
  expect(slow.sent.map(textOf)).toEqual(['one', 'four']);
  slow.read();
  expect(slow.sent.length).toBe(2);
  expect(streams.pendingBytes).toBe(0);
});

test('changes that come to the same document are not told', () => {
  const { streams, hold, settle } = start();
  hold('one');
  const { socket, sent, read } = client();
  streams.join(socket, {});
  settle();
  read();
  hold('two');
  hold('one');
  settle();
  expect(sent.length).toBe(1);
});

test('who does not read in time is broken off', () => {
  const { streams, hold } = start({ writeTimeoutMs: 5_000 });
  hold('one');
  const [slow, quick] = [client(), client()];
  streams.join(slow.socket, {});
  streams.join(quick.socket, {});
  vi.advanceTimersByTime(100);
  quick.read();
  vi.advanceTimersByTime(7_000);
  expect([slow.ended, quick.ended, streams.open, streams.dropped]).toEqual(['destroyed', undefined, 1, 1]);
  expect(streams.pendingBytes).toBe(0);
});

test('without room for all, the slowest make it: nobody else waits for them', () => {
  const { streams, hold, settle } = start({ budgetBytes: 20, writeTimeoutMs: 1_000_000 });
  hold('ten bytes!');
  const [slow, other] = [client(), client()];
  streams.join(slow.socket, {});
  streams.join(other.socket, {});
  settle();
  expect([slow.sent.length, other.sent.length]).toEqual([1, 0]);
  vi.advanceTimersByTime(3_000);
  expect([slow.ended, other.sent.length, other.ended]).toEqual(['destroyed', 1, undefined]);
});

test('a token that is not valid any more ends its streams', () => {
  const { streams, hold, revoked } = start();
  hold('one');
  const [ann, bob] = [client('ann'), client('bob')];
  streams.join(ann.socket, {});
  streams.join(bob.socket, {});
  revoked.add('ann');
  vi.advanceTimersByTime(1_100);
  expect([ann.ended, bob.ended, streams.open]).toEqual([
    'UNAUTHENTICATED the token or certificate is not valid any more',
    undefined,
    1,
  ]);
});

test('streams end by age, and all of them when the node ends, within the time for it', async () => {
  const { streams, hold, settle } = start({ maxAgeMs: 10_000 });
  hold('one');
  const old = client();
  streams.join(old.socket, {});
  settle();
  old.read();
  vi.advanceTimersByTime(7_900);
  expect(old.ended).toBeUndefined();
  vi.advanceTimersByTime(4_200);
  expect(old.ended).toBe('UNAVAILABLE max_age');
  const clients = Array.from({ length: 10 }, () => client());
  for (const { socket } of clients) streams.join(socket, {});
  const drained = streams.drain();
  await vi.advanceTimersByTimeAsync(500);
  const halfway = clients.filter(({ ended }) => ended).length;
  expect([halfway > 2, halfway < 8, streams.draining]).toEqual([true, true, true]);
  await vi.advanceTimersByTimeAsync(600);
  await drained;
  expect(clients.every(({ ended }) => ended === 'UNAVAILABLE shutting_down')).toBe(true);
});
