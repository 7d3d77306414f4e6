/** A key's versions, and the way back to one of them. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  type Configuration,
  type ConfigurationPath,
  configurationKey,
  configurationPath,
  deletedKey,
  entityTag,
  GENERATION_KEY,
  type RecordPath,
  type RollbackResult,
  rollbackRoute,
  ServiceError,
  versionsRoute,
} from '@quantivista/contracts';
import type { KeyValue } from '@quantivista/etcd';
import { deleteConfiguration, setConfiguration } from '../write/configuration.ts';
import { checkAuthor, checkType } from '../write/validate.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';

/** Of a key that exists, or was deleted; 0 where it never was. */
function lastVersion(key: string, entry: KeyValue | undefined, deleted: KeyValue | undefined): number {
  if (entry) return (JSON.parse(entry.value) as Configuration).version;
  const versions = new Map<string, number>(deleted && Object.entries(JSON.parse(deleted.value)));
  return versions.get(key) ?? 0;
}

export function registerHistory(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit, callers, writer, regionWait } = dependencies;

  /** The present entry, the key's newest version, and the generation that its versions belong to. */
  async function present(path: RecordPath & ConfigurationPath) {
    const { entries } = await etcd.read([GENERATION_KEY, configurationKey(path), deletedKey(path)]);
    const [generation, entry, deleted] = entries;
    if (generation === undefined) throw new ServiceError('not_ready');
    return { generation: generation.value, entry, version: lastVersion(path.key, entry, deleted) };
  }

  app.openapi(versionsRoute, async c => {
    await requireReader(dependencies, c);
    const { environment, limit, before } = c.req.valid('query');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = configurationPath({ environment, service, key } as ConfigurationPath);
    const { generation } = await present(path);
    const versions = await audit.versions(generation, path, { limit, before });
    const last = versions.at(-1);
    const more = versions.length === limit && last && last.version > 1;
    return c.json({ versions, ...(more && { next_before: last.version }) }, 200);
  });

  app.openapi(rollbackRoute, async c => {
    const { name } = await callers.require(c.req.header('authorization'));
    const body = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, name);
    const path = configurationPath({
      environment: body.environment,
      service: body.service_name,
      key: body.config_key,
    } as ConfigurationPath);
    const { generation, entry, version } = await present(path);
    const target = await audit.version(generation, path, body.version);
    if (!target) throw new ServiceError('version_not_found');
    const latest = await audit.version(generation, path, version);
    // Its outcome is outstanding: whether it may be rolled back is not recorded yet.
    if (!latest)
      throw new ServiceError('write_in_doubt', { message: `version ${version} is being recorded` });
    if (!latest.rollback_available) throw new ServiceError('rollback_unavailable');
    checkType(target.config_type, false, 'body');

    // What was judged above must still be what is replaced.
    const conditions = entry ? { ifMatch: entityTag(generation, entry.modRevision) } : { ifAbsent: true };
    const { config_value: value, config_type: configType, description } = target;
    const change = target.deleted
      ? deleteConfiguration(path, { field: 'body', conditions })
      : // The version is named: that its type comes back with it is no surprise.
        setConfiguration(
          path,
          { value, configType, changeType: true, description },
          { field: 'body', conditions },
        );
    const written = await writer.write({
      changes: [change],
      actor: name,
      reason: body.reason ?? `rollback to version ${body.version}`,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    const { revision, plan, records } = written;
    const result: RollbackResult = {
      service_name: path.service,
      config_key: path.key,
      environment: path.environment,
      restored_version: body.version,
      from_version: version,
      new_version: plan.changes[0]!.version,
      revision,
      configuration: (records[0] as Configuration | undefined) ?? null,
    };
    const waited = await regionWait.headers(wait, written);
    return c.json(result, 200, { ...stateHeaders(generation, revision), ...waited });
  });
}
