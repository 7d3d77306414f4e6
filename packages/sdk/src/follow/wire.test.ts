import { expect, test } from 'vitest';
import { parseFrame } from './wire.ts';

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
