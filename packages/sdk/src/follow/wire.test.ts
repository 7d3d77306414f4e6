import { expect, test } from 'vitest';
import { parseFrame, positionOf } from './wire.ts';

test('where a node stands', () => {
  const said = { 'x-config-generation': 'g', 'x-config-revision': '7', 'x-config-age': '0.250' };
  expect(positionOf(new Headers(said))).toEqual({ generation: 'g', revision: 7, ageMs: 250 });
  expect(positionOf(new Headers({ ...said, 'x-config-age': 'unknown' }))).toBeUndefined();
  expect(positionOf(new Headers())).toBeUndefined();
  for (const name of Object.keys(said)) {
    const headers = new Headers(said);
    headers.delete(name);
    expect(positionOf(headers), name).toBeUndefined();
  }
});

test('a frame of a type that is not known yet is none', () => {
  expect(parseFrame('{"type":"tomorrow","generation":"g","revision":1}')).toBeUndefined();
});

test.each([
  '',
  'null',
  '7',
  '{}',
  '{"type":7}',
  '{"type":"update","revision":1}',
  '{"type":"update","generation":"g"}',
])('what is no frame is refused: %s', data => expect(() => parseFrame(data)).toThrow(SyntaxError));
