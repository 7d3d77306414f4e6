import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHistory } from './history.ts';

test('answers exactly what came after, or says that it no longer knows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 60 }),
      fc.nat({ max: 200 }),
      (capacity, gaps, since) => {
        const history = createHistory(10, { length: capacity });
        const revisions: number[] = [];
        let revision = 10;
        for (const gap of gaps) {
          revision += gap;
          revisions.push(revision);
          history.push({ revision, changes: [] });
        }
        const after = history.after(since)?.map(entry => entry.revision);
        if (since < history.floor) expect(after).toBeUndefined();
        else expect(after).toEqual(revisions.filter(each => each > since));
        expect(revisions.filter(each => each > history.floor).length).toBeGreaterThanOrEqual(
          Math.min(capacity, revisions.length),
        );
      },
    ),
  );
});

test('large values are not held for as long: memory is bounded, and the newest revision is always there', () => {
  const change = (size: number) => ({ key: 'k', value: 'x'.repeat(size), previous: undefined });
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 100 }), sizes => {
      const history = createHistory(0, { length: 1_000, bytes: 20_000 });
      for (const [index, size] of sizes.entries()) {
        const revision = index + 1;
        history.push({ revision, changes: [change(size)] });
        const held = history.after(history.floor)!;
        expect(held.map(entry => entry.revision)).toEqual(
          Array.from({ length: revision - history.floor }, (_, at) => history.floor + at + 1),
        );
        expect(history.next(revision - 1)?.revision).toBe(revision);
        const characters = held.reduce((sum, { changes }) => sum + changes[0]!.value!.length, 0);
        expect(characters).toBeLessThan(20_000);
      }
    }),
  );
});
