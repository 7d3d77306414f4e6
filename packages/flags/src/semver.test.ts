import { expect, test } from 'vitest';
import { compareVersions, parseVersion } from './semver.ts';

test('the order of semver.org, with what each equals', () => {
  const order = [
    ['0.9.9', 'v0.9.9'],
    ['1.0.0-alpha'],
    ['1.0.0-alpha.1', '1.0.0-alpha.1+build'],
    ['1.0.0-alpha.beta'],
    ['1.0.0-beta'],
    ['1.0.0-beta.2'],
    ['1.0.0-beta.11'],
    ['1.0.0-rc.1'],
    ['1.0.0', '1.0.0+20130313144700', '1', '1.0', 1, 'V1'],
    ['1.2.0', 1.2, '1.2'],
    ['1.10.0'],
    ['2.0.0'],
  ];
  for (const [index, versions] of order.entries()) {
    for (const [other, others] of order.entries()) {
      for (const a of versions) {
        for (const b of others) {
          const difference = compareVersions(parseVersion(a)!, parseVersion(b)!);
          expect(Math.sign(difference), `${a} and ${b}`).toBe(Math.sign(index - other));
        }
      }
    }
  }
});

test.each([
  '',
  'v',
  'latest',
  '1.2.3.4',
  '01.2.3',
  '1.2.3-01',
  '1.2.3-',
  '1.2.3-a..b',
  '1.2.3+',
  '1.2.3+a+b',
  '1-rc.1',
  '1.x',
  ' 1.2.3',
  '-1.0.0',
  '99999999999999999999.0.0',
  `1.0.0-${'a'.repeat(300)}`,
  null,
  undefined,
  {},
  Number.NaN,
  -1,
])('%j is no version', value => {
  expect(parseVersion(value)).toBeUndefined();
});
