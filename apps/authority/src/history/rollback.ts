/** Rollbacks: from what is asked for to new versions with old values. */
import type { Audit, ChangeSince } from '@quantivista/audit';
import {
  configurationPath,
  fieldFault,
  MAX_BATCH_CHANGES,
  type PastPoint,
  type RollbackChange,
  type RollbackRequest,
  type RollbackResult,
  ServiceError,
} from '@quantivista/contracts';
import type { Committed, Writer } from '../write/commit.ts';
import type { WriteRequest } from '../write/request.ts';
import type { Now, Past } from './past.ts';
import { changeOf, partsOf, planRollback, requireUndoable, type Step } from './rollback-plan.ts';

export interface Rollbacks {
  /**
   * @throws ServiceError `version_not_found`, `before_generation`, `rollback_unavailable`, `conflict`,
   * `write_in_doubt`, and what the writer throws: with `done`, the changes made, where some parts were
   */
  rollback(request: RollbackRequest, by: { actor: string; awaited: boolean }): Promise<Done>;
}

export interface Done {
  readonly result: RollbackResult;
  readonly generation: string;
  /** The last transaction; `undefined` where nothing was changed. */
  readonly written: Committed | undefined;
}

/** What is to be undone, and the state that it leads back to. */
interface Target {
  readonly revision: number;
  readonly steps: readonly Step[];
  /** What has changed since, also where it is as it was. */
  readonly changes: readonly ChangeSince[];
  readonly name: string;
}

export function createRollbacks({
  past,
  audit,
  writer,
}: {
  past: Past;
  audit: Audit;
  writer: Writer;
}): Rollbacks {
  const changesAfter = (body: RollbackRequest, now: Now, after: number) =>
    audit.changesSince(now.generation, {
      environment: body.environment,
      service: body.service_name,
      keys: body.config_key === undefined ? body.config_keys : [body.config_key],
      after,
      upTo: now.revision,
    });

  /** A key goes to the version named, also where that makes no difference: it was asked for by its number. */
  async function toVersion(body: RollbackRequest, key: string, version: number, now: Now): Promise<Target> {
    const { environment, service_name: service } = body;
    const path = configurationPath({ environment, service, key });
    const found = await audit.version(now.generation, path, version);
    if (!found) throw new ServiceError('version_not_found');
    const state = found.deleted
      ? undefined
      : { value: found.config_value, configType: found.config_type, description: found.description };
    const before = { version, state };
    const changes = await changesAfter(body, now, found.revision);
    const final = found.rollback_available ? [] : [version];
    const since = changes[0] ?? { key, now: { ...before, revision: found.revision }, final };
    const change = !state ? 'removed' : since.now.state ? 'changed' : 'added';
    const steps: Step[] = [{ key, change, since: { ...since, before } }];
    return { revision: found.revision, steps, changes, name: `version ${version}` };
  }

  async function toPoint(body: RollbackRequest, point: PastPoint, now: Now): Promise<Target> {
    const revision = await past.revisionOf(point, now, `body.${point.kind}`);
    const changes = await changesAfter(body, now, revision);
    const name = point.kind === 'time' ? new Date(point.atMs).toISOString() : `revision ${revision}`;
    return { revision, steps: planRollback(changes), changes, name };
  }

  function targetOf(body: RollbackRequest, now: Now): Promise<Target> {
    const { config_key: key, version, revision, time } = body;
    if (key !== undefined && version !== undefined) return toVersion(body, key, version, now);
    if (revision !== undefined) return toPoint(body, { kind: 'revision', revision }, now);
    return toPoint(body, { kind: 'time', atMs: Date.parse(time!) }, now);
  }

  return {
    rollback: async (body, { actor, awaited }) => {
      const now = await past.now('write_in_doubt');
      const { generation } = now;
      const target = await targetOf(body, now);
      requireUnchanged(target.changes, body.expected_revision, now);
      if (!body.force) requireUndoable(target.steps);
      const parts = partsOf(target.steps);
      if (parts.length > 1 && body.atomic !== false && !body.preview) {
        const limit = `one transaction takes ${MAX_BATCH_CHANGES} keys and 1 MB`;
        throw fieldFault(
          'body.atomic',
          `${target.steps.length} keys are to be changed, and ${limit}: send false`,
        );
      }
      const place = { generation, environment: body.environment, service: body.service_name };
      const request = (part: readonly Step[], last: boolean): WriteRequest => ({
        changes: part.map(step => changeOf(step, place)),
        actor,
        reason: body.reason ?? `rollback to ${target.name}`,
        rollbackAvailable: true,
        awaited: awaited && last,
        part: parts.length > 1,
      });

      const done: RollbackChange[] = [];
      let written: Committed | undefined;
      for (const [index, part] of parts.entries()) {
        const wanted = request(part, index === parts.length - 1);
        try {
          if (body.preview) await writer.preview(wanted);
          else written = await writer.write(wanted);
        } catch (error) {
          throw done.length > 0 && !body.preview ? incomplete(error, done) : error;
        }
        done.push(...part.map(step => toldOf(step, written?.revision)));
      }
      const result: RollbackResult = {
        environment: body.environment,
        service_name: body.service_name,
        preview: body.preview === true,
        restored_revision: target.revision,
        revision: written?.revision ?? now.revision,
        changes: done,
        transactions: parts.length,
        ...(body.config_key !== undefined && ofOneKey(body.config_key, done[0], written)),
      };
      return { result, generation, written };
    },
  };
}

/** @throws ServiceError `conflict`, `revision_not_reached` */
function requireUnchanged(
  changes: readonly ChangeSince[],
  expected: number | undefined,
  { revision }: Now,
): void {
  if (expected === undefined) return;
  if (expected > revision) {
    throw fieldFault(
      'body.expected_revision',
      `the store is at revision ${revision}`,
      'revision_not_reached',
    );
  }
  const newer = changes.find(({ now }) => now.revision > expected);
  if (newer === undefined) return;
  throw new ServiceError('conflict', {
    message: `${newer.key} was changed at revision ${newer.now.revision}, after ${expected}`,
    details: { config_key: newer.key, current_revision: newer.now.revision },
  });
}

function toldOf({ key, change, since }: Step, revision: number | undefined): RollbackChange {
  const { before, now } = since;
  return {
    config_key: key,
    change,
    ...(now.state && { old_value: now.state.value }),
    ...(before.state && { new_value: before.state.value }),
    from_version: now.version,
    restored_version: before.version,
    new_version: now.version + 1,
    ...(revision !== undefined && { revision }),
  };
}

function ofOneKey(key: string, change: RollbackChange | undefined, written: Committed | undefined) {
  return {
    config_key: key,
    ...(change && {
      restored_version: change.restored_version,
      from_version: change.from_version,
      new_version: change.new_version,
    }),
    ...(written && {
      configuration: (written.records[0] ?? null) as unknown as RollbackResult['configuration'] & {},
    }),
  };
}

/** The fault of a part, with what the parts before it did: the same request again does the rest. */
function incomplete(error: unknown, done: readonly RollbackChange[]): unknown {
  if (!(error instanceof ServiceError)) return error;
  return new ServiceError(error.code, {
    message: `${error.message}; ${done.length} keys were rolled back before: the same request does the rest`,
    details: { ...error.details, done },
    ...(error.retryAfterS !== undefined && { retryAfterS: error.retryAfterS }),
    cause: error,
  });
}
