import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLineStream } from './lines.ts';

function counting(stallMs = 60_000) {
  const made = { chunks: 0, opened: 0, closed: 0 };
  async function* chunks(): AsyncGenerator<string, void> {
    for (;;) yield `${++made.chunks}\n`;
  }
  const stream = createLineStream(chunks(), {
    stallMs,
    opened: () => made.opened++,
    closed: () => made.closed++,
  });
  return { made, stream };
}
const read = async (reader: { read(): Promise<{ value?: Uint8Array | undefined }> }) =>
  new TextDecoder().decode((await reader.read()).value);

test('nothing is made that is not asked for', async () => {
  const { made, stream } = counting();
  await Promise.resolve();
  expect(made).toEqual({ chunks: 0, opened: 0, closed: 0 });
  const reader = stream.body.getReader();
  expect(await read(reader)).toBe('1\n');
  expect(await read(reader)).toBe('2\n');
  expect(made).toEqual({ chunks: 2, opened: 1, closed: 0 });
});

test('a client that leaves is let go of once', async () => {
  const { made, stream } = counting();
  const reader = stream.body.getReader();
  await read(reader);
  await reader.cancel();
  stream.end({ end: 'late' });
  expect(made).toEqual({ chunks: 1, opened: 1, closed: 1 });
});

test('it can be ended from outside, also amid a wait, with a last line', async () => {
  let closed = 0;
  const never = { next: () => new Promise<never>(() => {}) };
  const stream = createLineStream(never, { stallMs: 60_000, opened: () => {}, closed: () => closed++ });
  const reader = stream.body.getReader();
  const last = read(reader);
  await turn();
  stream.end({ end: 'shutting_down' });
  expect(await last).toBe('{"end":"shutting_down"}\n');
  expect((await reader.read()).done).toBe(true);
  expect(closed).toBe(1);
});

test('a failure breaks the stream and closes it', async () => {
  let closed = 0;
  const failing = { next: () => Promise.reject(new Error('no')) };
  const stream = createLineStream(failing, { stallMs: 60_000, opened: () => {}, closed: () => closed++ });
  await expect(stream.body.getReader().read()).rejects.toThrow('no');
  expect(closed).toBe(1);
});

test('a client that takes nothing for too long is let go of', async () => {
  const { made, stream } = counting(5);
  const reader = stream.body.getReader();
  await read(reader);
  await expect(reader.closed).rejects.toThrow('nothing was taken for 5 ms');
  expect(made).toEqual({ chunks: 1, opened: 1, closed: 1 });
});
