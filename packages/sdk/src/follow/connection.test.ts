import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { heartbeat } from '../../test/frames.ts';
import type { Requester } from '../request.ts';
import { followStream } from './connection.ts';
import type { Frame } from './wire.ts';

const SILENCE_MS = 10_000;
const HEARTBEAT = heartbeat(1);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const bytesOf = (frame: Frame) => new TextEncoder().encode(`data: ${JSON.stringify(frame)}\n\n`);

/** A stream whose pieces come when they are told to. */
function open() {
  let pieces!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: controller => {
      pieces = controller;
    },
    cancel: () => {
      cancelled = true;
    },
  });
  const requester: Requester = {
    ask: async (_node, _path, { over } = {}) => {
      // As fetch does.
      over!.signal.addEventListener('abort', () => !cancelled && pieces.error(over!.signal.reason));
      return new Response(body);
    },
  };
  const frames: Frame[] = [];
  const ending = new AbortController();
  let outcome: unknown = 'open';
  void followStream({
    node: 'http://node',
    topic: { environment: 'PRODUCTION' },
    instanceId: 'i',
    since: undefined,
    requester,
    silenceMs: SILENCE_MS,
    signal: ending.signal,
    onOpen: () => {},
    onFrame: frame => frames.push(frame),
  }).then(why => {
    outcome = why;
  });
  return {
    frames,
    ending,
    write: (bytes: Uint8Array) => pieces.enqueue(bytes),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    outcome: () => outcome,
  };
}

test('one on which nothing comes is given up', async () => {
  const stream = open();
  await stream.pass(SILENCE_MS - 1);
  expect(stream.outcome()).toBe('open');
  await stream.pass(1);
  expect(stream.outcome()).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('10000 ms'),
  });
});

test('a snapshot that comes slowly is no silence', async () => {
  const stream = open();
  for (const byte of bytesOf(HEARTBEAT)) {
    await stream.pass(SILENCE_MS - 1);
    stream.write(Uint8Array.of(byte));
  }
  await stream.pass(0);
  expect(stream.frames).toEqual([HEARTBEAT]);
  expect(stream.outcome()).toBe('open');
});

test('letters of several bytes come whole, wherever they are cut', async () => {
  const stream = open();
  const frame: Frame = { type: 'reset', generation: 'g', revision: 1, reason: 'é€😀' };
  for (const byte of bytesOf(frame)) stream.write(Uint8Array.of(byte));
  await stream.pass(0);
  expect(stream.frames).toEqual([frame]);
});

test('ended by its signal there is nothing to say', async () => {
  const stream = open();
  await stream.pass(0);
  stream.ending.abort();
  await stream.pass(0);
  expect(stream.outcome()).toBeUndefined();
});
