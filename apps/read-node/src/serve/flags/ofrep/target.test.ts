import type { ServiceError } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { parseOfrepTarget, wantedState } from './target.ts';

const PATH = '/ofrep/v1/evaluate/flags';
const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';

test.each([
  [PATH, { key: undefined, query: undefined }],
  [`${PATH}?a=1`, { key: undefined, query: 'a=1' }],
  [`${PATH}/dark-mode`, { key: 'dark-mode', query: undefined }],
  [`${PATH}/dark-mode?min_revision=5`, { key: 'dark-mode', query: 'min_revision=5' }],
  [`${PATH}/d%61rk`, { key: 'dark', query: undefined }],
  [`${PATH}/%zz`, { key: '%zz', query: undefined }],
  [`${PATH}/a/b`, { key: 'a/b', query: undefined }],
  [`${PATH}/`, { key: '', query: undefined }],
  [`${PATH}s`, undefined],
  ['/ofrep/v1/configuration', undefined],
])('%s', (target, parsed) => {
  expect(parseOfrepTarget(target)).toEqual(parsed);
});

test('a state is asked for by revision, by age, by what an event told of', () => {
  const wanted = (query: string, generation: string | undefined = GENERATION) =>
    wantedState(query, generation);
  const nothing = { min_revision: undefined, max_age: undefined };
  expect(wanted('min_revision=5&max_age=1.5')).toEqual({ min_revision: 5, max_age: 1.5 });
  const told = (tag: string) => `flagConfigEtag=${encodeURIComponent(tag)}`;
  expect(wanted(told('"5b8f2f4e.7"')).min_revision).toBe(7);
  expect(wanted(told('5b8f2f4e.7')).min_revision).toBe(7);
  expect(wanted(`${told('"5b8f2f4e.7"')}&min_revision=9`).min_revision).toBe(9);
  for (const tag of ['"00000000.7"', '"5b8f2f4e.x"', '', '*', `"5b8f2f4e.${'9'.repeat(30)}"`])
    expect(wanted(told(tag))).toEqual(nothing);
  expect(wantedState(told('"5b8f2f4e.7"'), undefined)).toEqual(nothing);
  expect(wanted('flagConfigLastModified=2026-01-01&more=1')).toEqual(nothing);
});

test.each(['min_revision=x', 'min_revision=-1', 'max_age=x', 'max_age=-1'])('%s is no such wish', query => {
  let code = '';
  try {
    wantedState(query, GENERATION);
  } catch (error) {
    ({ code } = error as ServiceError);
  }
  expect(code).toBe('invalid_request');
});
