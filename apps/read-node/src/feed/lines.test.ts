import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeLine } from '../serve/feed/lines.ts';
import { decodeLines } from './lines.ts';

async function* inPieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of cuts.map(each => each % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}
const all = async (lines: AsyncIterable<unknown>) => {
  const found: unknown[] = [];
  for await (const line of lines) found.push(line);
  return found;
};
const text = (value: string) => new TextEncoder().encode(value);

test('lines come back as they were, wherever the bytes were cut', async () => {
  // Of one to four bytes, and those that JSON escapes.
  const unit = fc.constantFrom('a', '"', '\\', '\n', '\u0000', 'é', '漢', '😀');
  const line = fc.record({ key: fc.string(), value: fc.string({ unit }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      async (lines, cuts) => {
        const bytes = text(lines.map(encodeLine).join(''));
        expect(await all(decodeLines(inPieces(bytes, cuts)))).toEqual(lines);
      },
    ),
  );
});

test('a line that was cut off is none', async () => {
  expect(await all(decodeLines(inPieces(text('{"a":1}\n{"a":2}'), [3])))).toEqual([{ a: 1 }]);
});

test('all that comes is heard', async () => {
  let heard = 0;
  await all(decodeLines(inPieces(text('{"a":1}\n'), [2, 5]), () => heard++));
  expect(heard).toBe(3);
});

test('a line without end and one that is no JSON are refused', async () => {
  const endless = async function* () {
    for (;;) yield text('x'.repeat(100));
  };
  await expect(all(decodeLines(endless(), undefined, 1_000))).rejects.toThrow(RangeError);
  await expect(all(decodeLines(inPieces(text('<html>\n'), [])))).rejects.toThrow(SyntaxError);
});
