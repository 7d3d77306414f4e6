import { isDeepStrictEqual } from 'node:util';
import { configurationKey, type Environment, HEARTBEAT_KEY, TOKENS_PREFIX } from '@quantivista/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differingParts } from './digest.ts';
import { digestsOf, partOf } from './parts.ts';
import { serviceMap, serviceMapTag } from './service.ts';
import { buildSnapshot, createSnapshot, type KeyChange, type Snapshot } from './snapshot.ts';

const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
const OTHER_GENERATION = '00000000-6a51-4c0e-9a5e-1f6f3d1d7c11';

const path = fc.record({
  environment: fc.constantFrom<Environment>('PRODUCTION', 'TEST'),
  service: fc.constantFrom('risk', 'pricing', 'orders'),
  key: fc.constantFrom('a', 'b', '_C', 'constructor', 'x.y'),
});
const change: fc.Arbitrary<KeyChange> = fc.record({
  key: fc.oneof(
    path.map(configurationKey),
    fc.constantFrom('1', '2').map(hash => TOKENS_PREFIX + hash),
  ),
  value: fc.option(
    fc.jsonValue().map(value => JSON.stringify({ config_value: value })),
    { nil: undefined },
  ),
});
const history = fc.array(fc.uniqueArray(change, { selector: item => item.key, minLength: 1, maxLength: 6 }), {
  maxLength: 40,
});

/** What a list of the store would hold after `changes`. */
function listOf(changes: readonly (readonly KeyChange[])[]) {
  const state = new Map<string, { key: string; value: string; modRevision: number }>();
  changes.forEach((revision, index) => {
    for (const { key, value } of revision) {
      if (value === undefined) state.delete(key);
      else state.set(key, { key, value, modRevision: index + 1 });
    }
  });
  return state;
}

function replay(changes: readonly (readonly KeyChange[])[]): Snapshot {
  const snapshot = createSnapshot(GENERATION);
  changes.forEach((revision, index) => void snapshot.apply(index + 1, revision));
  return snapshot;
}

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);

describe('a snapshot that followed every change', () => {
  test('equals the one built from a list: digest, size, maps and tags, in whatever order', () => {
    fc.assert(
      fc.property(history, changes => {
        const followed = replay(changes);
        const entries = [...listOf(changes).values()].reverse();
        const listed = buildSnapshot(GENERATION, changes.length, entries);
        expect(listed.digest()).toBe(followed.digest());
        expect(listed.digests()).toEqual(followed.digests());
        expect(digestsOf(entries)).toEqual(followed.digests());
        expect([...followed.entries()].toSorted(byKey)).toEqual(entries.toSorted(byKey));
        expect(listed.revision).toBe(followed.revision);
        expect(listed.size).toBe(followed.size);
        for (const [environment, name, service] of listed.services()) {
          const other = followed.service(environment, name)!;
          expect(serviceMap(other)).toBe(serviceMap(service));
          expect(serviceMapTag(other, GENERATION)).toBe(serviceMapTag(service, GENERATION));
        }
      }),
    );
  });

  test('serves maps that hold every value by its key', () => {
    fc.assert(
      fc.property(history, changes => {
        const snapshot = replay(changes);
        for (const [, , service] of snapshot.services()) serviceMap(service);
        const again = replay(changes);
        for (const [environment, name, service] of again.services()) {
          const expected = Object.fromEntries(
            [...service.entries].map(([key, entry]) => [key, JSON.parse(entry.body).config_value ?? null]),
          );
          expect(JSON.parse(serviceMap(snapshot.service(environment, name)!))).toEqual(
            JSON.parse(JSON.stringify(expected)),
          );
        }
      }),
    );
  });
});

describe('digests by part', () => {
  test('as of each revision are those of the state that the store had then', () => {
    fc.assert(
      fc.property(history, changes => {
        const followed = replay(changes);
        for (let revision = 0; revision <= changes.length; revision++) {
          const then = buildSnapshot(GENERATION, revision, listOf(changes.slice(0, revision)).values());
          expect(followed.digestsAt(revision)).toEqual(then.digests());
        }
        expect(followed.digestsAt(changes.length + 1)).toBeUndefined();
      }),
    );
  });

  test('differ in exactly the parts whose contents do', () => {
    fc.assert(
      fc.property(history, history, (one, two) => {
        const [a, b] = [listOf(one), listOf(two)];
        const differs = (key: string) => !isDeepStrictEqual(a.get(key), b.get(key));
        const parts = new Set([...a.keys(), ...b.keys()].filter(differs).map(partOf));
        const digests = (of: typeof a) => buildSnapshot(GENERATION, 99, of.values()).digests();
        expect(differingParts(digests(a), digests(b))).toEqual([...parts].sort());
        expect(differingParts(digests(a), digests(b), part => part === 'TEST')).toEqual(
          parts.has('TEST') ? ['TEST'] : [],
        );
      }),
    );
  });

  test('from before the state was loaded are not known, and old ones are forgotten', () => {
    const snapshot = buildSnapshot(GENERATION, 10, []);
    expect(snapshot.digestsAt(9)).toBeUndefined();
    const key = configurationKey({ environment: 'TEST', service: 'risk', key: 'a' });
    for (let revision = 11; revision < 20_000; revision++) snapshot.apply(revision, [{ key, value: '1' }]);
    expect(snapshot.digestsAt(10)).toBeUndefined();
    expect(snapshot.digestsAt(17_000)).toBeDefined();
  });
});

describe('tags and digests', () => {
  const key = configurationKey({ environment: 'TEST', service: 'risk', key: 'a' });
  const other = configurationKey({ environment: 'TEST', service: 'risk', key: 'b' });

  test('deleting a key gives the map another tag than it had before the key was there and after', () => {
    const snapshot = createSnapshot(GENERATION);
    const tags = new Set<string>();
    snapshot.apply(1, [{ key, value: '{"config_value":1}' }]);
    tags.add(serviceMapTag(snapshot.service('TEST', 'risk')!, GENERATION));
    snapshot.apply(2, [{ key: other, value: '{"config_value":2}' }]);
    tags.add(serviceMapTag(snapshot.service('TEST', 'risk')!, GENERATION));
    snapshot.apply(3, [{ key, value: undefined }]);
    tags.add(serviceMapTag(snapshot.service('TEST', 'risk')!, GENERATION));
    expect(tags.size).toBe(3);
    expect(serviceMap(snapshot.service('TEST', 'risk')!)).toBe('{"b":2}');
  });

  test('the tag differs between generations', () => {
    const snapshot = createSnapshot(GENERATION);
    snapshot.apply(1, [{ key, value: '{"config_value":1}' }]);
    const service = snapshot.service('TEST', 'risk')!;
    const tag = serviceMapTag(service, GENERATION);
    service.mapTag = undefined;
    expect(serviceMapTag(service, OTHER_GENERATION)).not.toBe(tag);
  });

  test('a heartbeat moves the revision and leaves the digest', () => {
    const snapshot = createSnapshot(GENERATION);
    snapshot.apply(1, [{ key, value: '{"config_value":1}' }]);
    const digest = snapshot.digest();
    snapshot.apply(2, [{ key: HEARTBEAT_KEY, value: '{"sequence":1,"at":5}' }]);
    expect(snapshot.revision).toBe(2);
    expect(snapshot.digest()).toBe(digest);
    expect(snapshot.other(HEARTBEAT_KEY)).toBe('{"sequence":1,"at":5}');
  });

  test('the same value in another service, at another revision or under another key is another digest', () => {
    const digestOf = (at: number, changed: string, value: string) => {
      const snapshot = createSnapshot(GENERATION);
      snapshot.apply(at, [{ key: changed, value }]);
      return snapshot.digest();
    };
    const elsewhere = configurationKey({ environment: 'TEST', service: 'pricing', key: 'a' });
    const digests = [
      digestOf(1, key, '1'),
      digestOf(2, key, '1'),
      digestOf(1, other, '1'),
      digestOf(1, elsewhere, '1'),
      digestOf(1, key, '2'),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});
