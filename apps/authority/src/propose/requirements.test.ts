import {
  configurationPath,
  flagPath,
  type Protection,
  proposalPath,
  protectionPath,
  type RecordPath,
  schemaPath,
  segmentPath,
  tokenPath,
} from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { protecting } from './requirements.ts';

const protection = (environment: Protection['environment'], flags: boolean) =>
  ({ environment, flags }) as Protection;
const production = protection('PRODUCTION', true);
const staging = protection('STAGING', false);
const inProduction = configurationPath({ environment: 'PRODUCTION', service: 'risk', key: 'a' });
const inTest = configurationPath({ environment: 'TEST', service: 'risk', key: 'a' });

test.each<[string, RecordPath[], Protection[]]>([
  ['a configuration there', [inProduction], [production]],
  ['one elsewhere', [inTest], []],
  ['one of several', [inTest, inProduction], [production]],
  ['a flag', [flagPath('a')], [production]],
  ['a segment', [segmentPath('a')], [production]],
  ['the protection itself', [protectionPath('STAGING')], [staging]],
  [
    'configurations of two',
    [inProduction, { ...inProduction, environment: 'STAGING' }],
    [production, staging],
  ],
  ['what is of no environment', [schemaPath('risk', 'a'), proposalPath('1'), tokenPath('f')], []],
])('%s', (_, paths, protections) => {
  expect(protecting([production, staging], paths)).toEqual(protections);
});
