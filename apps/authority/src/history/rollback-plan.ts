/** What a rollback has to do, made of what has happened since. Pure. */
import type { ChangeSince, KeyState } from '@quantivista/audit';
import {
  type DiffChange,
  type Environment,
  entityTag,
  isSealed,
  jsonEqual,
  MAX_BATCH_CHANGES,
  ServiceError,
} from '@quantivista/contracts';
import { deleteConfiguration, setConfiguration } from '../write/configuration.ts';
import type { RequestedChange } from '../write/request.ts';

/** One key that is not as it was. */
export interface Step {
  readonly key: string;
  readonly change: DiffChange;
  readonly since: ChangeSince;
}

/** As a description that is not on record is left as it is, it makes no difference. */
const sameState = (a: KeyState | undefined, b: KeyState | undefined): boolean =>
  a === undefined || b === undefined
    ? a === b
    : jsonEqual(a.value, b.value) &&
      a.configType === b.configType &&
      (a.description ?? b.description) === (b.description ?? a.description);

/** Steps for the keys that are not as they were before; the others are left alone. */
export function planRollback(changes: readonly ChangeSince[]): Step[] {
  return changes
    .filter(({ before, now }) => !sameState(before.state, now.state))
    .map(since => {
      const { before, now } = since;
      const change = before.state === undefined ? 'removed' : now.state === undefined ? 'added' : 'changed';
      return { key: since.key, change, since };
    });
}

/** @throws ServiceError `rollback_unavailable`, naming the keys and versions that may not be undone */
export function requireUndoable(steps: readonly Step[]): void {
  const final = steps.filter(({ since }) => since.final.length > 0);
  if (final.length === 0) return;
  const names = final.map(({ key, since }) => `${key} (version ${since.final.join(', ')})`);
  throw new ServiceError('rollback_unavailable', {
    message: `marked as not to be rolled back: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`,
    details: { final: final.map(({ key, since }) => ({ config_key: key, versions: since.final })) },
  });
}

export interface Place {
  readonly generation: string;
  readonly environment: Environment;
  readonly service: string;
}

/** A step as a change, on condition that its key is as it was when this was planned. */
export function changeOf({ key, since }: Step, { generation, environment, service }: Place): RequestedChange {
  const { before, now } = since;
  const conditions = now.state ? { ifMatch: entityTag(generation, now.revision) } : { ifAbsent: true };
  const at = { field: `body.changes.${key}`, conditions };
  const path = { environment, service, key };
  const change = before.state
    ? // What is named is a state of the past: that its type comes back with it is no surprise.
      setConfiguration(
        path,
        { ...before.state, isEncrypted: isSealed(before.state.value), changeType: true },
        at,
      )
    : deleteConfiguration(path, at);
  return { ...change, restoredVersion: before.version };
}

/** Of values, in JSON; a transaction and its intent admit more, and names and numbers come on top. */
const PART_BYTES = 1_000_000;
const sizeOf = (state: KeyState | undefined) =>
  state ? Buffer.byteLength(JSON.stringify(state)) + 600 : 300;

/** Steps in parts that fit into one transaction each, in order. */
export function partsOf(steps: readonly Step[]): Step[][] {
  const parts: Step[][] = [];
  let bytes = 0;
  for (const step of steps) {
    const size = sizeOf(step.since.before.state);
    const part = parts.at(-1);
    if (part === undefined || part.length === MAX_BATCH_CHANGES || bytes + size > PART_BYTES) {
      parts.push([step]);
      bytes = size;
    } else {
      part.push(step);
      bytes += size;
    }
  }
  return parts;
}
