import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatProgress, MAX_PROGRESS_MEMBERS, parseProgress, type RegionProgress } from './propagation.ts';

test('pending regions come first, then the slowest', () => {
  const progress: RegionProgress[] = [
    { region: 'eu-west', pending: false, ms: 3.21 },
    { region: 'ap', pending: false },
    { region: 'us-east', pending: true },
    { region: '1-lab', pending: false, ms: 12 },
  ];
  expect(formatProgress(progress)).toBe('us-east;pending, "1-lab";ms=12.0, eu-west;ms=3.2, ap');
  expect(formatProgress([])).toBe('');
});

const region = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
const member: fc.Arbitrary<RegionProgress> = fc.oneof(
  fc.record({ region, pending: fc.constant(true) }),
  fc.record({ region, pending: fc.constant(false) }),
  fc.record({ region, pending: fc.constant(false), ms: fc.nat(600_000).map(tenths => tenths / 10) }),
);

test('what is written is read again, and at most fifty regions are', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(member, { selector: each => each.region, maxLength: MAX_PROGRESS_MEMBERS + 10 }),
      progress => {
        const read = parseProgress(formatProgress(progress));
        expect(read).toHaveLength(Math.min(progress.length, MAX_PROGRESS_MEMBERS));
        for (const each of read) expect(progress).toContainEqual(each);
        const left = progress.filter(each => !read.some(({ region }) => region === each.region));
        if (left.some(({ pending }) => pending)) expect(read.every(({ pending }) => pending)).toBe(true);
      },
    ),
  );
});
