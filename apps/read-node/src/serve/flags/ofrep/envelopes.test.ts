import { type FeatureFlag, ServiceError } from '@quantivista/contracts';
import { createFlagSet, evaluate, evaluationError } from '@quantivista/flags';
import { expect, test } from 'vitest';
import { createEnvelopes, ofrepFault } from './envelopes.ts';

const flag = (name: string, more: Partial<FeatureFlag> = {}): FeatureFlag => ({
  flag_name: name,
  enabled: true,
  rollout_percentage: 100,
  target_services: [],
  conditions: {},
  description: '',
  ...more,
});
const envelopes = createEnvelopes();
const written = (set: ReturnType<typeof createFlagSet>, name: string, context: unknown = {}) => {
  const { status, text } = envelopes.of(name, evaluate(set, name, context));
  return [status, JSON.parse(text)];
};

test('an answer has all members that some client needs', () => {
  const set = createFlagSet([flag('a'), flag('b', { metadata: { owner: 'x', level: 1 } })]);
  expect(written(set, 'a')).toEqual([
    200,
    { key: 'a', reason: 'STATIC', value: true, variant: 'on', metadata: {} },
  ]);
  expect(written(set, 'b')[1].metadata).toEqual({ owner: 'x', level: 1 });
});

test('an answer is written once', () => {
  const set = createFlagSet([flag('a', { rollout_percentage: 50 })]);
  const of = (key: string) => envelopes.of('a', evaluate(set, 'a', { targetingKey: key }));
  const answers = new Set(Array.from({ length: 100 }, (_, n) => of(`user-${n}`)));
  expect(answers.size).toBe(2);
  expect(new Set([...answers].map(({ digest }) => JSON.stringify(digest))).size).toBe(2);
});

test('errors name the flag, whichever it is', () => {
  const set = createFlagSet([flag('a')]);
  for (const name of ['b', 'c', '__proto__'])
    expect(written(set, name)).toEqual([
      404,
      { key: name, errorCode: 'FLAG_NOT_FOUND', errorDetails: `there is no flag ${name}` },
    ]);
  for (const name of ['a', 'd'])
    expect(JSON.parse(envelopes.of(name, evaluationError('PARSE_ERROR', 'x')).text)).toEqual({
      key: name,
      errorCode: 'PARSE_ERROR',
      errorDetails: 'x',
    });
  expect(written(set, 'a', 5)).toMatchObject([400, { key: 'a', errorCode: 'INVALID_CONTEXT' }]);
});

test('a flag that can not decide is off, and no error: a client would take what its code says', () => {
  const set = createFlagSet([flag('a', { prerequisites: [{ flag: 'gone', variants: ['on'] }] })]);
  expect(written(set, 'a')).toEqual([
    200,
    { key: 'a', reason: 'ERROR', value: false, variant: 'off', metadata: {} },
  ]);
});

test('faults are told with a code of its own', () => {
  const told = (error: unknown, key?: string) => {
    const { status, body } = ofrepFault(error, key);
    return [status, JSON.parse(body)];
  };
  expect(told(new ServiceError('invalid_json'), 'a')).toMatchObject([
    400,
    { key: 'a', errorCode: 'PARSE_ERROR' },
  ]);
  expect(told(new ServiceError('too_large'))).toMatchObject([413, { errorCode: 'INVALID_CONTEXT' }]);
  expect(told(new ServiceError('overloaded'))).toMatchObject([429, { errorCode: 'GENERAL' }]);
  expect(told(new Error('secret'))).toEqual([
    500,
    { errorCode: 'GENERAL', errorDetails: 'Something failed here' },
  ]);
});
