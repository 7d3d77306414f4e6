import { type FeedOffer, GENERATION_KEY, HEARTBEAT_KEY, ServiceError } from '@quantivista/contracts';
import { describe, expect, test } from 'vitest';
import type { ParentClient } from './parent-client.ts';
import { createParentSource } from './parent-source.ts';
import type { Held } from './source.ts';

const A = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const B = '6b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const nothing: Held = { generation: undefined, revision: undefined, completeAt: undefined };
const at = (revision: number, completeAt: number): Partial<FeedOffer> => ({
  revision,
  complete_at: completeAt,
});

/** A parent that answers what it is told to; without an offer it does not answer. */
function parent(url: string, offer?: Partial<FeedOffer>, lines: readonly object[] = []): ParentClient {
  async function* given() {
    yield* lines;
  }
  return {
    url,
    putReport: async () => {},
    withdrawReport: async () => {},
    putBundle: async () => true,
    offer: async () => {
      if (!offer) throw new ServiceError('store_unavailable');
      const plain = { region: 'eu', node_id: url, generation: A, revision: 1, complete_at: 1 };
      return { ...plain, environments: [], ...offer };
    },
    snapshot: given,
    changes: given,
  };
}
const sourceOf = (...parents: ParentClient[]) => createParentSource({ parents, random: () => 0 });

describe('whom it follows', () => {
  test('the first that answers and is as far as what is held', async () => {
    const source = sourceOf(parent('down'), parent('behind', at(4, 1)), parent('good', at(5, 1)));
    expect(await source.generation({ generation: A, revision: 5, completeAt: 1 })).toBe(A);
    expect(source.name).toBe('good');
  });

  test('none: then it says why of each', async () => {
    const source = sourceOf(parent('down'), parent('behind', at(4, 1)));
    const failure = await source
      .generation({ generation: A, revision: 5, completeAt: 1 })
      .catch(error => error);
    expect(failure.code).toBe('store_unavailable');
    expect(failure.cause.errors).toHaveLength(2);
  });

  test('no earlier life of the store, also when the region has lost what it held', async () => {
    const offers = { current: { generation: B, ...at(3, 200) } as Partial<FeedOffer> };
    const changing = { ...parent('p'), offer: () => parent('p', offers.current).offer() };
    const source = sourceOf(changing);
    expect(await source.generation({ generation: A, revision: 99, completeAt: 100 })).toBe(B);
    offers.current = { generation: A, ...at(100, 150) };
    await expect(source.generation({ generation: B, revision: 3, completeAt: undefined })).rejects.toThrow();
    await expect(source.generation(nothing)).rejects.toThrow();
  });
});

describe('a snapshot', () => {
  const head = { generation: A, revision: 7 };
  const entry = { key: GENERATION_KEY, value: A, mod_revision: 2 };

  test('is whole where its end says so', async () => {
    const source = sourceOf(parent('p', {}, [head, entry, { end: 'complete' }]));
    const entries = [{ key: GENERATION_KEY, value: A, modRevision: 2 }];
    expect(await source.list()).toEqual({ kind: 'listed', revision: 7, entries });
  });

  test('that breaks off is none, and the next parent is asked', async () => {
    const source = sourceOf(parent('broken', {}, [head, entry]), parent('next'));
    await expect(source.list()).rejects.toThrow(/broke off/);
    expect(source.name).toBe('next');
  });
});

describe('a stream of changes', () => {
  const watch = async (...lines: object[]) => {
    const source = sourceOf(parent('p', {}, [{ generation: A, revision: 4 }, ...lines]), parent('next'));
    const revisions: number[] = [];
    const { ended } = source.watch({
      generation: A,
      from: 5,
      onRevision: ({ revision }) => revisions.push(revision),
    });
    return { ended: (await ended).reason, revisions, next: source.name };
  };
  const beat = { key: HEARTBEAT_KEY, value: '{"sequence":1,"at":5}' };

  test('is taken in order, without its pings', async () => {
    const lines = [{ revision: 5, changes: [beat] }, { ping: true }, { revision: 9, changes: [] }];
    expect(await watch(...lines)).toEqual({ ended: 'lost', revisions: [5, 9], next: 'next' });
  });

  test('that goes back is left: its parent is not what it says', async () => {
    const lines = [6, 5].map(revision => ({ revision, changes: [] }));
    expect(await watch(...lines)).toEqual({ ended: 'lost', revisions: [6], next: 'next' });
  });

  test.each([
    ['compacted', 'compacted', 'p'],
    ['generation_changed', 'generation changed', 'p'],
    ['shutting_down', 'lost', 'next'],
  ])('that ends as %s ends as "%s", and %s is asked next', async (end, reason, next) => {
    expect(await watch({ end })).toEqual({ ended: reason, revisions: [], next });
  });
});
