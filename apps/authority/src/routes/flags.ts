/** Flags: what reads them. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import {
  type FeatureFlag,
  FLAGS_PREFIX,
  type FlagVersion,
  flagPath,
  flagRoute,
  flagsRoute,
  flagVersionsRoute,
  projectionCheckRoute,
  projectionRebuildRoute,
  recordKey,
  serviceFlagsRoute,
} from '@quantivista/contracts';
import { createFlagReader, isForService, isListed } from '@quantivista/flags';
import { recordList } from '@quantivista/snapshot';
import type { Context } from 'hono';
import { flagReadResource } from '../access-resources.ts';
import { byName, readStored } from '../flags/store-flags.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader, requireRevision } from './read.ts';
import { answerRecord, answerTagged, pageOf } from './record.ts';
import { versionPage } from './version-page.ts';

export function registerFlags(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, projection } = dependencies;
  const reader = createFlagReader();

  async function read() {
    const { generation, revision, lists } = await readStored(etcd, [FLAGS_PREFIX]);
    const entries = lists[0]!;
    return { generation, revision, entries, ...reader.read(byName(entries, FLAGS_PREFIX)) };
  }

  /** Who may read one of the services that the flag is for: any, where it is for all, or is not there. */
  async function requireFlagReader(c: Context, name: string): Promise<void> {
    const caller = await requireReader(dependencies, c, flagReadResource(name, SOME));
    if (!caller) return;
    const { entries } = await etcd.read([recordKey(flagPath(name))]);
    const record = entries[0] && (JSON.parse(entries[0].value) as FeatureFlag);
    const services = record?.target_services ?? [];
    const isReadable = (service: string) =>
      caller.rights.decide('read', flagReadResource(name, service)).allowed;
    if (services.length === 0 || services.some(isReadable)) return;
    await requireReader(dependencies, c, flagReadResource(name, services[0]));
  }

  app.openapi(serviceFlagsRoute, async c => {
    const { service_name: service } = c.req.valid('param');
    await requireReader(dependencies, c, flagReadResource(undefined, service));
    const { archived, min_revision } = c.req.valid('query');
    const { generation, revision, entries, flags } = await read();
    requireRevision(min_revision, generation, revision);
    const listed = entries.filter(({ key }) => {
      const flag = flags.get(key.slice(FLAGS_PREFIX.length))?.flag;
      return flag && isForService(flag, service) && isListed(flag, archived === 'true');
    });
    const { body, tag } = recordList(listed, generation);
    return answerTagged(c, stateHeaders(generation, revision, tag), body) as never;
  });

  app.openapi(flagsRoute, async c => {
    await requireReader(dependencies, c, flagReadResource(undefined, undefined));
    const { archived, ...query } = c.req.valid('query');
    const { generation, revision, flags } = await read();
    const listed = [...flags].flatMap(([name, { flag }]) =>
      isListed(flag, archived === 'true') ? [[name, flag] as const] : [],
    );
    const { page, next } = pageOf(listed, query);
    const list = { flags: page, ...(next !== undefined && { next_after: next }) };
    return c.json(list, 200, stateHeaders(generation, revision));
  });

  app.openapi(flagRoute, async c => {
    const { flag_name: name } = c.req.valid('param');
    await requireFlagReader(c, name);
    return (await answerRecord(c, etcd, recordKey(flagPath(name)))) as never;
  });

  app.openapi(flagVersionsRoute, async c => {
    const { flag_name: name } = c.req.valid('param');
    await requireFlagReader(c, name);
    const recorded = await versionPage(dependencies, flagPath(name), c.req.valid('query'));
    const versions = recorded.versions.map(
      ({ version, revision, config_value, deleted, updated_by, reason, created_at }): FlagVersion => ({
        version,
        revision,
        flag: config_value as FlagVersion['flag'],
        deleted,
        updated_by,
        reason,
        created_at,
      }),
    );
    return c.json({ ...recorded, versions }, 200);
  });

  app.openapi(projectionCheckRoute, async c => {
    await requireReader(dependencies, c, {});
    return c.json(await projection.check(), 200);
  });

  app.openapi(projectionRebuildRoute, async c => {
    await callers.require(shownBy(c), ['flag', 'write'], {});
    return c.json(await projection.rebuild(), 200);
  });
}
