import { expect, test } from 'vitest';
import { type AgeSample, ageErrors } from './age-watch.ts';

const commits = [
  { revision: 10, sentAt: 90, answeredAt: 100 },
  { revision: 12, sentAt: 190, answeredAt: 200 },
  // Acknowledged before the one that it follows.
  { revision: 13, sentAt: 191, answeredAt: 195 },
];
const sample = (revision: number, ageMs: number): AgeSample => ({
  node: 'n',
  askedAt: 500,
  answeredAt: 503,
  status: 200,
  generation: 'g',
  revision,
  ageMs,
  state: 'FRESH',
});
const errorsOf = (revision: number, ageMs: number) => ageErrors([sample(revision, ageMs)], commits)[0];

test('the true age of a state that lacks nothing is 0', () => {
  expect(errorsOf(13, 20)).toEqual({ shortMs: -20, excessMs: 20 });
});

test('that of another is the time since the first change that it lacks was known to be committed', () => {
  expect(errorsOf(9, 400)).toEqual({ shortMs: 0, excessMs: -3 });
  expect(errorsOf(9, 390)).toEqual({ shortMs: 10, excessMs: -13 });
  // Between two: 13 was acknowledged at 195, and 12 came before it.
  expect(errorsOf(11, 310)).toEqual({ shortMs: -5, excessMs: 2 });
});

test('an age that is not known is never short', () => {
  expect(errorsOf(9, Number.POSITIVE_INFINITY)!.shortMs).toBe(Number.NEGATIVE_INFINITY);
});
