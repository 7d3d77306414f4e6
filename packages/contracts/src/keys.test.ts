import { expect, test } from 'vitest';
import { environmentOf, heartbeatAt } from './keys.ts';

test.each([
  ['test/risk/a', 'TEST'],
  ['test/stray', 'TEST'],
  ['Test/by/hand', 'TEST'],
  ['stray', 'STRAY'],
  ['_heartbeat', undefined],
  ['_access/tokens/ab', undefined],
])('%s belongs to %s', (key, environment) => {
  expect(environmentOf(`/quantivista/${key}`)).toBe(environment);
});

test.each([
  ['{"sequence":1,"at":5}', 5],
  ['{"sequence":1}', undefined],
  ['{"at":"yesterday"}', undefined],
  ['null', undefined],
  ['not json', undefined],
  [undefined, undefined],
])('the heartbeat %s is of %s', (value, at) => {
  expect(heartbeatAt(value)).toBe(at);
});
