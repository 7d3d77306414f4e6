import { BatchRequest, MAX_BATCH_OPERATIONS } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { exampleChanges, inBatches } from './example.ts';

const changes = exampleChanges();
const pathOf = (change: (typeof changes)[number]) =>
  `${change.environment}/${change.service_name}/${change.config_key}`;

test('every value is whole and stands once', () => {
  expect(changes.length).toBeGreaterThan(300);
  expect(new Set(changes.map(pathOf)).size).toBe(changes.length);
  for (const change of changes) expect(change.new_value, pathOf(change)).toBeDefined();
});

test('batches hold everything, and each is one that the authority takes', () => {
  const batches = [...inBatches(changes)];
  expect(batches.flat()).toEqual(changes);
  for (const batch of batches) {
    expect(BatchRequest.safeParse({ changes: batch }).success).toBe(true);
    const services = new Set(batch.map(({ environment, service_name }) => `${environment}/${service_name}`));
    expect(batch.length + services.size).toBeLessThanOrEqual(MAX_BATCH_OPERATIONS);
  }
});
