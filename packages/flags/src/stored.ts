/** From the texts in the store to a set. It remembers what it parsed: what did not change stays the same record. */
import { FeatureFlag, Segment } from '@quantivista/contracts';
import { createFlagSet, type FlagSet } from './flag-set.ts';

/** Records by name, as the store holds them: JSON texts. */
export type StoredRecords = Iterable<readonly [name: string, text: string]>;

export interface FlagReader {
  /**
   * The set of a whole state. A record that can't be read is in `unreadable` of the set: a newer writer's, as far
   * as anyone knows. What asks for it is off.
   */
  read(flags: StoredRecords, segments?: StoredRecords): FlagSet;
}

interface Parsed<T> {
  readonly text: string;
  readonly record: T | undefined;
  /** Why there is no record. */
  readonly fault: string;
}

export function createFlagReader(): FlagReader {
  let flags = new Map<string, Parsed<FeatureFlag>>();
  let segments = new Map<string, Parsed<Segment>>();
  let set: FlagSet | undefined;
  return {
    read: (storedFlags, storedSegments = []) => {
      flags = parseAll(storedFlags, flags, text => FeatureFlag.parse(JSON.parse(text)));
      segments = parseAll(storedSegments, segments, text => Segment.parse(JSON.parse(text)));
      const unreadable = new Map(
        [...flags].flatMap(([name, { record, fault }]) => (record ? [] : [[name, fault] as const])),
      );
      const compiled = createFlagSet(recordsOf(flags), recordsOf(segments), set);
      set = { ...compiled, unreadable };
      return set;
    },
  };
}

function parseAll<T>(
  stored: StoredRecords,
  before: ReadonlyMap<string, Parsed<T>>,
  parse: (text: string) => T,
): Map<string, Parsed<T>> {
  const after = new Map<string, Parsed<T>>();
  for (const [name, text] of stored) {
    const present = before.get(name);
    after.set(name, present?.text === text ? present : parseOne(text, parse));
  }
  return after;
}

function parseOne<T>(text: string, parse: (text: string) => T): Parsed<T> {
  try {
    return { text, record: parse(text), fault: '' };
  } catch (error) {
    return { text, record: undefined, fault: error instanceof Error ? error.message : String(error) };
  }
}

const recordsOf = <T>(parsed: ReadonlyMap<string, Parsed<T>>): T[] =>
  [...parsed.values()].flatMap(({ record }) => (record === undefined ? [] : [record]));
