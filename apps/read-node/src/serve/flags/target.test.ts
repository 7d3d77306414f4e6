import { expect, test } from 'vitest';
import { parseFlagsTarget } from './target.ts';

test('takes the common read', () => {
  expect(parseFlagsTarget('/api/v1/feature-flags/risk_engine')).toBe('risk_engine');
});

test.each([
  '/api/v1/feature-flags/',
  '/api/v1/feature-flags/Risk',
  '/api/v1/feature-flags/watch',
  '/api/v1/feature-flags/risk?archived=true',
  '/api/v1/feature-flags/ri%73k',
  '/api/v1/feature-flags/risk/a',
  '/api/v1/config/risk',
])('leaves %s to the long way', target => {
  expect(parseFlagsTarget(target)).toBeUndefined();
});
