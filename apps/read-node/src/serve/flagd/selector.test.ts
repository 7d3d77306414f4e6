import { createScope, EVERYTHING, ServiceError } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { parseSelector } from './selector.ts';

const TEST_ALONE = createScope(['TEST']);
const codeOf = (text: string, scope = EVERYTHING): string => {
  try {
    parseSelector(text, scope);
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code} ${error.message}`;
  }
  return 'accepted';
};

test('nothing selects all flags, of a node that holds one environment with its name', () => {
  expect(parseSelector('', EVERYTHING)).toEqual({});
  expect(parseSelector('', TEST_ALONE)).toEqual({ environment: 'TEST' });
});

test('a service and an environment are selected, in any order', () => {
  const selection = { service: 'shop', environment: 'TEST' };
  expect(parseSelector('service=shop,environment=test', EVERYTHING)).toEqual(selection);
  expect(parseSelector(' environment = TEST , service = shop ,', EVERYTHING)).toEqual(selection);
});

test('the service that a token names stands above the selector', () => {
  expect(parseSelector('', EVERYTHING, 'pricing')).toEqual({ service: 'pricing' });
  expect(parseSelector('service=shop', EVERYTHING, 'pricing')).toEqual({ service: 'pricing' });
});

test.each([
  ['shop', /^invalid_request selector: shop is not/],
  ['flagSetId=shop', /^invalid_request selector.*flagSetId/],
  ['__proto__=shop', /^invalid_request selector/],
  ['service=', /^invalid_request selector\.service/],
  ['environment=moon', /^unknown_environment selector\.environment/],
])('%s is refused', (text, expected) => {
  expect(codeOf(text)).toMatch(expected);
});

test('an environment that is not held here is refused', () => {
  expect(codeOf('environment=PRODUCTION', TEST_ALONE)).toMatch(/^environment_not_served/);
});
