/**
 * The keys of one issuer: had anew now and then, and when a token names one that is not known. While they can't be
 * had, those from before are good for as long as the settings say.
 */
import { createOutage, type Log } from '@quantivista/runtime';
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { fetchKeys } from './fetch-keys.ts';
import type { IssuerSettings } from './settings.ts';

/** A file is looked at so often: a key that was taken out of it is good no longer than this. */
const FILE_MS = 250;

export interface HeldKey {
  /** Absent where the set does not say: then it must be the only one. */
  readonly id: string | undefined;
  readonly jwk: JWK;
}

export interface KeySet {
  /** The key of a token's header. `undefined`: there is none, `unavailable`: no keys are known (any more). */
  find(id: string | undefined): Promise<HeldKey | undefined | 'unavailable'>;
  /** Whether it is still one of the keys that are good. */
  holds(key: HeldKey): boolean;
  verifier(key: HeldKey, algorithm: string): Promise<CryptoKey | Uint8Array>;
  close(): void;
}

const isUsable = ({ kty, use, d }: JWK): boolean =>
  (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && (use === undefined || use === 'sig') && d === undefined;

function parseKeys(text: string): HeldKey[] {
  const { keys } = JSON.parse(text) as { keys: JWK[] };
  return keys.filter(isUsable).map(jwk => ({ id: jwk.kid, jwk }));
}

export function createKeySet(settings: IssuerSettings, log: Log, onChange: () => void): KeySet {
  const { issuer, jwks_file, refresh_s, refetch_s, max_stale_s } = settings;
  let text: string | undefined;
  let keys: readonly HeldKey[] = [];
  const verifiers = new WeakMap<HeldKey, Map<string, Promise<CryptoKey | Uint8Array>>>();
  let goodAtMs = Number.NEGATIVE_INFINITY;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  const outage = createOutage(log, 'the keys of an issuer can not be had', { issuer });
  let closed = false;

  const take = (fetched: string) => {
    goodAtMs = performance.now();
    outage.over();
    if (fetched === text) return;
    const parsed = parseKeys(fetched);
    // Those that are as they were stay the same objects: what they vouched for goes on.
    const known = new Map(keys.map(key => [JSON.stringify(key.jwk), key]));
    keys = parsed.map(key => known.get(JSON.stringify(key.jwk)) ?? key);
    text = fetched;
    onChange();
  };
  const ask = (): Promise<void> => {
    askedAtMs = performance.now();
    asking ??= fetchKeys(settings)
      .then(take)
      .catch(error => {
        outage.failed(error);
        if (text !== undefined && isStale()) {
          text = undefined;
          keys = [];
          onChange();
        }
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const isStale = () => performance.now() - goodAtMs > max_stale_s * 1_000;
  const lookUp = (id: string | undefined): HeldKey | undefined => {
    if (id !== undefined) return keys.find(key => key.id === id);
    return keys.length === 1 ? keys[0] : undefined;
  };

  void ask();
  const everyMs = jwks_file !== undefined ? FILE_MS : refresh_s * 1_000;
  const timer = setInterval(() => void ask(), everyMs);
  timer.unref();

  return {
    find: async id => {
      const found = isStale() ? undefined : lookUp(id);
      if (found) return found;
      // Whatever tokens name, the issuer is not asked more often than its settings allow.
      if (asking || performance.now() - askedAtMs > refetch_s * 1_000) await ask();
      if (closed || text === undefined || isStale()) return 'unavailable';
      return lookUp(id);
    },
    holds: key => keys.includes(key) && !isStale(),
    verifier: (key, algorithm) => {
      const known = verifiers.get(key) ?? new Map<string, Promise<CryptoKey | Uint8Array>>();
      verifiers.set(key, known);
      const verifier = known.get(algorithm) ?? importJWK(key.jwk, algorithm);
      known.set(algorithm, verifier);
      return verifier;
    },
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
