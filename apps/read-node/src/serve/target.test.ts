import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseReadTarget } from './target.ts';

const name = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/);

test('takes the common reads apart', () => {
  fc.assert(
    fc.property(
      name,
      fc.option(name, { nil: undefined }),
      fc.constantFrom('test', 'PRODUCTION'),
      (service, key, environment) => {
        const path = key === undefined ? service : `${service}/${key}`;
        expect(parseReadTarget(`/api/v1/config/${path}?environment=${environment}`)).toEqual({
          environment: environment.toUpperCase(),
          service,
          key,
        });
      },
    ),
  );
});

test.each([
  '/api/v1/config/risk',
  '/api/v1/config/risk?environment=',
  '/api/v1/config/risk?environment=test&min_revision=4',
  '/api/v1/config/risk?min_revision=4&environment=test',
  '/api/v1/config/risk/a/versions?environment=test',
  '/api/v1/config/ri%73k?environment=test',
  '/api/v2/config/risk?environment=test',
  '/livez',
])('leaves %s to the long way', target => {
  expect(parseReadTarget(target)).toBeUndefined();
});

test('a slash in the query is no key', () => {
  expect(parseReadTarget('/api/v1/config/risk?environment=a/b')).toEqual({
    environment: 'A/B',
    service: 'risk',
    key: undefined,
  });
});
