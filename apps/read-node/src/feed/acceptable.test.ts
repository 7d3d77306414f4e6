import { describe, expect, test } from 'vitest';
import { acceptable } from './acceptable.ts';

const offer = (generation: string, revision: number, completeAt: number | null) => ({
  region: 'eu',
  node_id: 'n',
  generation,
  revision,
  complete_at: completeAt,
  environments: [],
});
const held = { generation: 'a', revision: 10, completeAt: 500 };
const nothing = { generation: undefined, revision: undefined, completeAt: undefined };

describe('a parent of the same generation', () => {
  test('is followed where it is as far, whatever its heartbeat', () => {
    expect(acceptable(offer('a', 10, 100), held)).toBe(true);
    expect(acceptable(offer('a', 11, null), held)).toBe(true);
  });
  test('is passed over where it is behind', () => {
    expect(acceptable(offer('a', 9, 900), held)).toBe(false);
  });
  test('is followed by a region that has lost its revision', () => {
    expect(acceptable(offer('a', 1, 900), { ...held, revision: undefined })).toBe(true);
  });
});

describe('a parent of another generation', () => {
  test('is followed where its heartbeats are later, although its revisions are lower', () => {
    expect(acceptable(offer('b', 1, 501), held)).toBe(true);
  });
  test('is one that was left where they are not', () => {
    expect(acceptable(offer('b', 99, 500), held)).toBe(false);
    expect(acceptable(offer('b', 99, null), held)).toBe(false);
  });
  test('is followed where nothing is known of the own one', () => {
    expect(acceptable(offer('b', 1, null), { ...held, completeAt: undefined })).toBe(true);
    expect(acceptable(offer('b', 1, null), nothing)).toBe(true);
  });
});
