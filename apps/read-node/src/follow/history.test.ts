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
        const history = createHistory(10, capacity);
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
