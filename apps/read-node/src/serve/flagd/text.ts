/** The flags of a state as flagd's document: the text that is served, made once for each service that asks. */
import { createHash } from 'node:crypto';
import { FLAGS_PREFIX } from '@quantivista/contracts';
import { type FlagSet, isForService, toFlagd } from '@quantivista/flags';
import type { StoredEntry } from '@quantivista/snapshot';

export interface FlagdText {
  readonly body: string;
  /** Strong ETag: equal texts have equal tags, on every node. */
  readonly tag: string;
}

/** `flagSetId` of the document with the flags of every service. */
export const ALL_FLAGS = 'quantivista';

/**
 * @param entries the records that the set was made of
 * @param capacity services that are remembered: anyone may ask by any name
 * @returns what makes the text with the flags for one service, or for all
 */
export function createFlagdTexts(
  set: FlagSet,
  entries: readonly StoredEntry[],
  capacity: number,
): (service: string | undefined) => FlagdText {
  const made = new Map<string | undefined, FlagdText>();
  return service => {
    const present = made.get(service);
    if (present) return present;
    const text = write(set, entries, service);
    if (made.size >= capacity) made.clear();
    made.set(service, text);
    return text;
  };
}

/** The version is that of its newest record, and no revision of the state: nodes began at different ones. */
function write(set: FlagSet, entries: readonly StoredEntry[], service: string | undefined): FlagdText {
  let newest = 0;
  for (const { key, modRevision } of entries) {
    const flag = set.flags.get(key.slice(FLAGS_PREFIX.length))?.flag;
    const isOther = key.startsWith(FLAGS_PREFIX) && flag && service && !isForService(flag, service);
    if (!isOther && modRevision > newest) newest = modRevision;
  }
  const metadata = { flagSetId: service ?? ALL_FLAGS, version: String(newest) };
  const body = JSON.stringify(toFlagd(set, { service, onlyForService: service !== undefined, metadata }));
  const hash = createHash('sha256').update(body).digest('base64url');
  return { body, tag: `"f${hash.slice(0, 22)}"` };
}
