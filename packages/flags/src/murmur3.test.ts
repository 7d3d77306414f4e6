import fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur3 } from './murmur3.ts';

/** Published for seed 0; those beyond ASCII are what Python's mmh3 gives for their UTF-8. */
test.each([
  ['', 0x00000000],
  ['a', 0x3c2569b2],
  ['abc', 0xb3dd93fa],
  ['test', 0xba6bd213],
  ['Hello, world!', 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', 0xee925b90],
  ['ß', 0x14147826],
  ['Zürich', 0x29695951],
  ['日本語', 0xa5a47297],
  ['🚩🚩', 0xbeb076f4],
  ['ππππππππ', 0xec72b6e8],
])('%s', (text, hash) => {
  expect(murmur3(text)).toBe(hash);
});

test('any text has a hash of 32 bits without a sign, half a surrogate pair among them', () => {
  const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map(units => String.fromCharCode(...units));
  fc.assert(
    fc.property(anyText, text => {
      const hash = murmur3(text);
      expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true);
    }),
  );
});
