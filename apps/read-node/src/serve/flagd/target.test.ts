import { expect, test } from 'vitest';
import { parseFlagdTarget } from './target.ts';

test.each([
  ['/flagd/v1/flags.json', { service: undefined }],
  ['/flagd/v1/flags.json?service=shop', { service: 'shop' }],
  ['/flagd/v1/flags.json?service=', undefined],
  ['/flagd/v1/flags.json?service=sh%6Fp', undefined],
  ['/flagd/v1/flags.json?service=shop&max_age=1', undefined],
  ['/flagd/v1/flags.json?max_age=1', undefined],
  ['/flagd/v1/flags.jsonx', undefined],
])('%s', (target, expected) => {
  expect(parseFlagdTarget(target)).toEqual(expected);
});
