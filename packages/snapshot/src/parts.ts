/** The digests of a state's parts, now and at revisions not long ago. */
import { COMMIT_KEY, environmentOf, GENERATION_KEY, HEARTBEAT_KEY } from '@quantivista/contracts';
import { type Digest, type Digests, emptyDigest, fold, formatDigest, hashEntry } from './digest.ts';

/** Where keys are counted that belong to no environment. */
export const OTHER_PART = '_';

/** These change by themselves, or name the store: they say nothing of its contents, and are not counted. */
const EPHEMERAL: ReadonlySet<string> = new Set([HEARTBEAT_KEY, COMMIT_KEY, GENERATION_KEY]);

/** The part that an etcd key belongs to: its environment's, whether or not it is a configuration. */
export const partOf = (key: string): string => environmentOf(key) ?? OTHER_PART;

export interface Parts {
  /** Add (1) or take out (-1) an entry; answers its digest. */
  count(part: string, key: string, revision: number, value: string, sign: 1 | -1): Digest | undefined;
  /** The same object as long as nothing was counted. */
  digests(): Digests;
}

export function createParts(): Parts {
  const parts = new Map<string, { digest: Digest; text: string | undefined }>();
  let current: Digests | undefined;

  function read(): Digests {
    const digests: Record<string, string> = {};
    for (const [name, part] of parts) {
      if (part.digest.high === 0 && part.digest.low === 0) continue;
      part.text ??= formatDigest(part.digest);
      digests[name] = part.text;
    }
    return digests;
  }

  return {
    count: (name, key, revision, value, sign) => {
      if (EPHEMERAL.has(key)) return undefined;
      const part = parts.get(name) ?? { digest: emptyDigest(), text: undefined };
      parts.set(name, part);
      const hash = hashEntry(key, revision, value);
      fold(part.digest, hash, sign);
      part.text = undefined;
      current = undefined;
      return hash;
    },
    digests: () => {
      current ??= read();
      return current;
    },
  };
}

/** The digests of a state given as a list. */
export function digestsOf(
  entries: Iterable<{ readonly key: string; readonly modRevision: number; readonly value: string }>,
): Digests {
  const parts = createParts();
  for (const { key, modRevision, value } of entries) parts.count(partOf(key), key, modRevision, value, 1);
  return parts.digests();
}

/** Digests of the newest revisions that changed any. */
export interface DigestTrail {
  push(revision: number, digests: Digests): void;
  /** As of `revision`; `undefined` where that is no longer remembered. */
  at(revision: number): Digests | undefined;
}

/** Begins with the digests as of `revision`; holds between `length` and twice as many revisions. */
export function createDigestTrail(revision: number, digests: Digests, length = 4_096): DigestTrail {
  let trail = [{ revision, digests }];
  return {
    push: (to, now) => {
      trail.push({ revision: to, digests: now });
      if (trail.length >= 2 * length) trail = trail.slice(-length);
    },
    at: asked => trail.findLast(entry => entry.revision <= asked)?.digests,
  };
}
