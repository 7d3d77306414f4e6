import { COMMIT_KEY, configurationKey } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { concernedTopics } from './concerned.ts';

const change = (service: string, key = 'a', environment: 'TEST' | 'PRODUCTION' = 'TEST') => ({
  key: configurationKey({ environment, service, key }),
});
const services = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);

test('each service once, and nothing that is no configuration', () => {
  const changes = [change('risk', 'a'), change('risk', 'b'), change('pricing'), { key: COMMIT_KEY }];
  expect(concernedTopics(changes)).toEqual(['TEST/risk', 'TEST/pricing']);
  expect(concernedTopics([{ key: COMMIT_KEY }])).toEqual([]);
});

test('many services are whole environments', () => {
  expect(concernedTopics(services(20).map(name => change(name)))).toHaveLength(20);
  const many = services(21).map(name => change(name));
  expect(concernedTopics([...many, change('risk', 'a', 'PRODUCTION')])).toEqual(['TEST/*', 'PRODUCTION/*']);
});
