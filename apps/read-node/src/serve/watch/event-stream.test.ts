import { expect, test } from 'vitest';
import { closeReason } from './close-reason.ts';
import { closingText, openingText } from './event-stream.ts';
import { encodeFrame } from './frame.ts';

const GENERATION = '11111111-1111-4111-8111-111111111111';
const head = { type: 'update', generation: GENERATION, revision: 7 } as const;
const eventOf = (text?: string) => Buffer.from(encodeFrame(head, text).event).toString();

test('a frame is an event with its bookmark, its type and its JSON, which is the same as elsewhere', () => {
  const frame = encodeFrame(head);
  expect(eventOf()).toBe(`id: ${GENERATION}:7\nevent: update\ndata: ${frame.text}\n\n`);
  expect(Buffer.from(frame.bytes).toString()).toBe(frame.text);
  expect(JSON.parse(frame.text)).toEqual(head);
});

test('is encoded once, in UTF-8', () => {
  const frame = encodeFrame(head, '"ü€😀"');
  expect(frame.event).toBe(frame.event);
  expect(frame.bytes).toBe(frame.bytes);
  expect(frame.size).toBe(frame.bytes.length);
  expect(eventOf('"ü€😀"')).toContain('data: "ü€😀"\n\n');
});

test('line breaks of a record that was put by hand do not end the event', () => {
  expect(eventOf('{\n"a":\r\n1,\r"b":2}')).toContain('data: {\ndata: "a":\ndata: 1,\ndata: "b":2}\n\n');
});

test('begins and ends with a time to come back after, each another below the window', () => {
  const times = Array.from({ length: 50 }, () => Number(/^retry: (\d+)\n\n$/.exec(openingText(5_000))![1]));
  expect(Math.max(...times)).toBeLessThan(5_100);
  expect(new Set(times).size).toBeGreaterThan(25);
  const reason = closeReason('shutting_down', 5_000);
  const lines = closingText(1013, reason).split('\n');
  expect(lines[0]).toBe(`: ${reason}`);
  expect(lines[1]).toMatch(/^retry: \d+$/);
});

test('a close reason fits into a close frame, whatever it says', () => {
  for (const text of ['x'.repeat(500), '"'.repeat(500), '€'.repeat(500), '😀'.repeat(500)]) {
    const reason = closeReason(text, 123_456);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(JSON.parse(reason)).toMatchObject({ reconnect_window_ms: 123_456 });
    expect(text.startsWith(JSON.parse(reason).reason)).toBe(true);
  }
});
