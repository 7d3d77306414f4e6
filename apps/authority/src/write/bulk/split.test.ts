import fc from 'fast-check';
import { expect, test } from 'vitest';
import { split } from './split.ts';

const change = fc.record({
  service: fc.constantFrom('a', 'b', 'c', 'd'),
  bytes: fc.integer({ min: 1, max: 40 }),
});
const limits = { maxChanges: 6, maxOperations: 8, maxBytes: 100 };
const servicesOf = (bundle: readonly { service: string }[]) => new Set(bundle.map(each => each.service));
const sum = (bundle: readonly { bytes: number }[]) => bundle.reduce((total, each) => total + each.bytes, 0);

test('every change is in one transaction, and each is within the limits', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), changes => {
      const bundles = split(changes, limits);
      expect(new Set(bundles.flat())).toEqual(new Set(changes));
      expect(bundles.flat().length).toBe(changes.length);
      for (const bundle of bundles) {
        expect(bundle.length).toBeLessThanOrEqual(6);
        expect(bundle.length + servicesOf(bundle).size).toBeLessThanOrEqual(8);
        expect(sum(bundle)).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test('a service stays within one transaction where it fits in one', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), changes => {
      const bundles = split(changes, limits);
      for (const [service, ofService] of Map.groupBy(changes, each => each.service)) {
        if (ofService.length > 6 || sum(ofService) > 100) continue;
        expect(bundles.filter(bundle => servicesOf(bundle).has(service)).length).toBe(1);
      }
    }),
  );
});

test('a change that is too large by itself goes alone', () => {
  const [small, large] = [
    { service: 'a', bytes: 1 },
    { service: 'b', bytes: 500 },
  ];
  expect(split([small, large, small], limits)).toEqual([[small, small], [large]]);
});
