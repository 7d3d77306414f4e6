/** What a store of secrets does, whichever keeps them. */
import { type Json, SealedValue } from '@quantivista/contracts';
import type { Keeping, SecretPath, SecretStore } from '@quantivista/vault';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

export interface StoreUnderTest {
  readonly store: SecretStore;
  /** Another process of the same secrets, which may read alone. */
  readonly other: SecretStore;
  /** Give the environment a new key. */
  rotate(environment: string): Promise<void>;
  /** Let no key but the newest open anything. */
  retire(environment: string): Promise<void>;
  stop(): Promise<void>;
}

export const CANARY = 'canary-6d1f-ünïcode';
export const PATH: SecretPath = { environment: 'PRODUCTION', service: 'risk_engine', key: 'password' };

/** Every kind of JSON, and what does not survive every way of writing it. */
export const VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1.5e-300,
  2 ** 53,
  '',
  CANARY,
  'Ωμέγα 漢字 🔑 \u0000 \u2028 </script> " \\',
  'a lone surrogate: \ud800',
  [],
  {},
  [1, [2, [3, { a: null }]]],
  JSON.parse('{"zebra": 1, "ant": {"__proto__": 2, "": 3}, "10": 4}') as Json,
];

/** As different paths as names can be, and yet alike. */
const NAMES: readonly SecretPath[] = [
  PATH,
  { ...PATH, environment: 'STAGING' },
  { ...PATH, key: 'PASSWORD' },
  { ...PATH, key: 'password.' },
  { ...PATH, key: 'pass..word' },
  { ...PATH, key: '_-.-_' },
  { ...PATH, service: 'risk_engine.password', key: 'x' },
  { ...PATH, service: 'sys', key: 'health' },
  { ...PATH, service: 'metadata', key: 'config' },
  { ...PATH, service: 's'.repeat(100), key: 'k'.repeat(200) },
];

export const opened = (value: Json) => ({ kind: 'opened', value });

/** @param canDestroy whether a secret can be made unreadable */
export function describeSecretStore(open: () => Promise<StoreUnderTest>, canDestroy: boolean): void {
  let held: StoreUnderTest;
  let store: SecretStore;
  let other: SecretStore;
  beforeAll(async () => {
    held = await open();
    ({ store, other } = held);
  });
  afterAll(() => held?.stop());

  describe.each<Keeping>(['secret', 'encrypted'])('%s', as => {
    test('every value comes back exactly, at another process too', async () => {
      for (const value of VALUES) {
        const sealed = await store.keep(PATH, value, as);
        expect(SealedValue.parse(JSON.parse(JSON.stringify(sealed)))).toEqual(sealed);
        const back = await other.open(PATH, sealed);
        expect(back).toEqual(opened(value));
        // The order of members too, which toEqual does not see.
        expect(JSON.stringify(back.kind === 'opened' && back.value)).toBe(JSON.stringify(value));
      }
    });

    test.each([
      ['40 KB', 40_000],
      ['900 KB', 900_000],
    ])('a value of %s', async (_, length) => {
      const value = { text: 'ab'.repeat(length / 2) };
      expect(await other.open(PATH, await store.keep(PATH, value, as))).toEqual(opened(value));
    });

    test('what is sealed tells nothing of the value, and is another each time', async () => {
      const [first, second] = [await store.keep(PATH, CANARY, as), await store.keep(PATH, CANARY, as)];
      expect(first).not.toEqual(second);
      expect(JSON.stringify(first)).not.toContain('canary');
    });

    test('each path has its own, whatever its name', async () => {
      const kept = await Promise.all(NAMES.map(path => store.keep(path, path.key, as)));
      for (const [index, path] of NAMES.entries()) {
        expect(await other.open(path, kept[index]!)).toEqual(opened(path.key));
        const elsewhere = NAMES[(index + 1) % NAMES.length]!;
        expect(await other.open(elsewhere, kept[index]!)).toEqual({ kind: 'absent' });
      }
    });

    test('versions stay what they are', async () => {
      const path = { ...PATH, key: `versions-${as}` };
      const kept: SealedValue[] = [];
      for (let value = 1; value <= 15; value++) kept.push(await store.keep(path, value, as));
      for (const [index, sealed] of kept.entries())
        expect(await other.open(path, sealed)).toEqual(opened(index + 1));
    });

    test('written at the same time, each is its own', async () => {
      const values = Array.from({ length: 100 }, (_, index) => index);
      const path = { ...PATH, key: `together-${as}` };
      const kept = await Promise.all(values.map(value => store.keep(path, value, as)));
      expect(new Set(kept.map(sealed => JSON.stringify(sealed))).size).toBe(values.length);
      const back = await Promise.all(kept.map(sealed => other.open(path, sealed)));
      expect(back).toEqual(values.map(opened));
    });

    test('among many that are opened at once, one that does not open spoils no other', async () => {
      const elsewhere = await store.keep({ ...PATH, key: 'elsewhere' }, 'x', as);
      const good = await store.keep(PATH, CANARY, as);
      const asked = Array.from({ length: 200 }, (_, index) => (index % 7 === 3 ? elsewhere : good));
      const back = await Promise.all(asked.map(sealed => other.open(PATH, sealed)));
      expect(back).toEqual(asked.map(sealed => (sealed === good ? opened(CANARY) : { kind: 'absent' })));
    });

    test('a name that leads elsewhere is refused', async () => {
      const sealed = await store.keep(PATH, CANARY, as);
      for (const key of ['', '.', '..', '../password', '../../data/production/risk_engine/password']) {
        const wrong = { ...PATH, key };
        const outcome = await store.open(wrong, sealed).catch(() => 'refused');
        expect(['refused', { kind: 'absent' }]).toContainEqual(outcome);
      }
    });
  });

  test('what was altered does not open', async () => {
    const { $sealed } = await store.keep(PATH, CANARY, 'encrypted');
    const { $sealed: large } = await store.keep(PATH, 'x'.repeat(40_000), 'encrypted');
    for (const each of [$sealed, large]) {
      if (!('text' in each)) throw new Error('it holds no text');
      const at = each.text.length - 20;
      const text = each.text.slice(0, at) + (each.text[at] === 'A' ? 'B' : 'A') + each.text.slice(at + 1);
      expect(await store.open(PATH, { $sealed: { ...each, text } })).toEqual({ kind: 'absent' });
    }
  });

  test('after a rotation old values open, are rewrapped, and end with their key', async () => {
    const path = { ...PATH, environment: 'TEST' };
    const values: Json[] = [CANARY, 'x'.repeat(40_000)];
    const old = await Promise.all(values.map(value => store.keep(path, value, 'encrypted')));
    for (const sealed of old) expect(await store.rewrap(path, sealed)).toBeUndefined();
    await held.rotate('TEST');
    expect(await Promise.all(old.map(sealed => other.open(path, sealed)))).toEqual(values.map(opened));
    const fresh = await Promise.all(old.map(sealed => store.rewrap(path, sealed)));
    for (const sealed of fresh) expect(await store.rewrap(path, sealed!)).toBeUndefined();
    await held.retire('TEST');
    for (const [index, sealed] of fresh.entries()) {
      expect(await other.open(path, sealed!)).toEqual(opened(values[index]!));
      expect(await other.open(path, old[index]!)).toEqual({ kind: 'destroyed' });
      expect(await store.rewrap(path, old[index]!)).toBeUndefined();
    }
  });

  test(`a version ${canDestroy ? 'is destroyed, and no other' : "can't be destroyed"}`, async () => {
    const path = { ...PATH, key: 'destroyed' };
    const [first, second] = [await store.keep(path, 1, 'secret'), await store.keep(path, 2, 'secret')];
    expect(await store.destroy(path, first)).toBe(canDestroy);
    expect(await store.destroy(path, first)).toBe(canDestroy);
    expect(await other.open(path, first)).toEqual(canDestroy ? { kind: 'destroyed' } : opened(1));
    expect(await other.open(path, second)).toEqual(opened(2));
    expect(await store.destroy(path, await store.keep(path, 3, 'encrypted'))).toBe(false);
  });

  test("another store's values are absent", async () => {
    const foreign: SealedValue[] = [
      { $sealed: { store: 'keyring', key: 99, text: 'AAAA' } },
      { $sealed: { store: 'vault-kv', version: 4_711, id: 'nobody' } },
      { $sealed: { store: 'vault-transit', text: `vault:v1:${'A'.repeat(64)}` } },
      { $sealed: { store: 'vault-envelope', key: `vault:v1:${'A'.repeat(64)}`, text: 'AAAA' } },
    ];
    for (const sealed of foreign) expect(await store.open(PATH, sealed)).toEqual({ kind: 'absent' });
  });

  test('it is ready', () => {
    expect(store.status()).toMatchObject({ state: 'ready', since: expect.any(Number) });
  });
}
