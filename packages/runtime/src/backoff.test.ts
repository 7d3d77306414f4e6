import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBackoff, pause } from './backoff.ts';

test('delays stay under their bound, which doubles up to the maximum', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 60 }),
      (random, attempts) => {
        const backoff = createBackoff({ firstMs: 10, maxMs: 500, random: () => random });
        for (let attempt = 0; attempt < attempts; attempt++) {
          expect(backoff.next()).toBe(Math.round(random * Math.min(500, 10 * 2 ** attempt)));
        }
        backoff.reset();
        expect(backoff.next()).toBe(Math.round(random * 10));
      },
    ),
  );
});

test('a pause ends at once when aborted, before or during it', async () => {
  const abort = new AbortController();
  const paused = pause(60_000, abort.signal);
  abort.abort();
  await paused;
  await pause(60_000, abort.signal);
});
