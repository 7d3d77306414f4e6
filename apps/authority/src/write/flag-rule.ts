/**
 * What must hold of all flags together: what they refer to is there, and none waits for itself. Checked against
 * all flags and segments of one revision; the transaction compares that none has changed since. Of two writers who
 * would together make a circle, or delete what the other begins to use, one is overtaken and checked again.
 */
import {
  type FeatureFlag,
  FLAGS_PREFIX,
  SEGMENTS_PREFIX,
  type Segment,
  ServiceError,
} from '@quantivista/contracts';
import type { Etcd } from '@quantivista/etcd';
import { archivedPrerequisites, checkFlagSet, createFlagReader, type FlagSetFault } from '@quantivista/flags';
import { byName, flagsUnchangedSince, readStored } from '../flags/store-flags.ts';
import type { WriteRequest } from './request.ts';
import type { PlannedChange, WriteRule } from './rule.ts';

const FREE = { compare: [], check: () => {} };
/** Whether a request changes any flag or segment. */
export const concernsFlags = ({ changes }: Pick<WriteRequest, 'changes'>): boolean =>
  changes.some(({ path }) => path.kind === 'flag' || path.kind === 'segment');

export function createFlagRule(etcd: Etcd): WriteRule {
  /** Remembers what it parsed: flags that did not change are not parsed again. */
  const reader = createFlagReader();
  return {
    read: async request => {
      if (!concernsFlags(request)) return FREE;
      const { revision, lists } = await readStored(etcd, [FLAGS_PREFIX, SEGMENTS_PREFIX]);
      const set = reader.read(byName(lists[0]!, FLAGS_PREFIX), byName(lists[1]!, SEGMENTS_PREFIX));
      const held: FlagRecords = {
        flags: new Map([...set.flags].map(([name, { flag }]) => [name, flag])),
        segments: new Map([...set.segments].map(([name, { segment }]) => [name, segment])),
      };
      return { compare: flagsUnchangedSince(revision), check: planned => checkFlags(held, planned) };
    },
  };
}

export interface FlagRecords {
  readonly flags: ReadonlyMap<string, FeatureFlag>;
  readonly segments: ReadonlyMap<string, Segment>;
}

/**
 * Faults that were there before are nobody's: they must not keep others from writing.
 * @throws ServiceError `invalid_request` where a flag that is written refers to what is not there; `in_use` where
 * other flags would
 */
export function checkFlags(held: FlagRecords, planned: readonly PlannedChange[]): void {
  const known = new Set(faultsOf(held).map(identify));
  const faults = faultsOf(afterwards(held, planned)).filter(fault => !known.has(identify(fault)));
  const fieldOf = new Map(
    planned.flatMap(({ path, field }) => (path.kind === 'flag' ? [[path.key, field] as const] : [])),
  );
  const own = faults.filter(({ flag }) => fieldOf.has(flag));
  if (own.length > 0) {
    const errors = own.map(({ flag, field, message }) => ({
      field: `${fieldOf.get(flag)}.${field}`,
      message,
    }));
    const message = errors.map(each => `${each.field}: ${each.message}`).join('; ');
    throw new ServiceError('invalid_request', { message, details: { errors } });
  }
  if (faults.length === 0) return;
  throw new ServiceError('in_use', {
    message: faults.map(({ flag, field, message }) => `flag ${flag}, ${field}: ${message}`).join('; '),
    details: { flags: [...new Set(faults.map(({ flag }) => flag))] },
  });
}

const faultsOf = ({ flags, segments }: FlagRecords): FlagSetFault[] => [
  ...checkFlagSet(flags.values(), segments.values()),
  ...archivedPrerequisites([...flags.values()]),
];

const identify = ({ flag, field, message }: FlagSetFault): string => `${flag}\n${field}\n${message}`;

function afterwards(held: FlagRecords, planned: readonly PlannedChange[]): FlagRecords {
  const flags = new Map(held.flags);
  const segments = new Map(held.segments);
  for (const { path, after } of planned) {
    if (path.kind === 'flag') put(flags, path.key, after as unknown as FeatureFlag | undefined);
    if (path.kind === 'segment') put(segments, path.key, after as unknown as Segment | undefined);
  }
  return { flags, segments };
}

function put<T>(records: Map<string, T>, name: string, record: T | undefined): void {
  if (record === undefined) records.delete(name);
  else records.set(name, record);
}
