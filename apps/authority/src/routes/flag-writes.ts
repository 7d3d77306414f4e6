/** Flags: what changes them. Each endpoint makes a WriteRequest; the flag rule judges it. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { SOME, shownBy } from '@quantivista/access';
import {
  deleteFlagRoute,
  type FeatureFlag,
  type FlagBatchResult,
  type FlagRollbackResult,
  fieldFault,
  flagBatchRoute,
  flagPath,
  flagRollbackRoute,
  GENERATION_KEY,
  putFlagRoute,
  ServiceError,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { flagResource } from '../access-resources.ts';
import { deleteFlag, restoreFlag, setFlag } from '../write/flag.ts';
import { checkAuthor } from '../write/validate.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { answerDeleted, answerPut } from './written.ts';

export function registerFlagWrites(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, audit, callers, writer, regionWait } = dependencies;
  const caller = (c: Context) => callers.require(shownBy(c));

  app.openapi(putFlagRoute, async c => {
    const { name: actor } = await caller(c);
    const body = c.req.valid('json');
    const { flag_name: name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    if (body.flag_name !== undefined && body.flag_name !== name)
      throw fieldFault('body.flag_name', 'is not the name of the path');
    const written = await writer.write({
      changes: [setFlag(name, body, { field: 'body', conditions: headerConditions(c) })],
      actor,
      reason: body.reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerPut(c, dependencies, wait, written);
  });

  app.openapi(deleteFlagRoute, async c => {
    const { name: actor } = await caller(c);
    const { flag_name: name } = c.req.valid('param');
    const { prefer: wait } = c.req.valid('header');
    const written = await writer.write({
      changes: [deleteFlag(name, { field: 'path', conditions: headerConditions(c) })],
      actor,
      reason: c.req.valid('query').reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerDeleted(c, dependencies, wait, written);
  });

  app.openapi(flagBatchRoute, async c => {
    const { name: actor } = await caller(c);
    const body = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    const written = await writer.write({
      changes: body.flags.map((flag, index) =>
        setFlag(flag.flag_name, flag, { field: `body.flags.${index}` }),
      ),
      actor,
      reason: body.reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    const { generation, revision, records } = written;
    const result: FlagBatchResult = { revision, flags: records as unknown as FeatureFlag[] };
    const waited = await regionWait.headers(wait, written);
    return c.json(result, 200, { ...stateHeaders(generation, revision), ...waited });
  });

  app.openapi(flagRollbackRoute, async c => {
    const { flag_name: name } = c.req.valid('param');
    const credential = shownBy(c);
    const { name: actor } = await callers.require(credential, ['flag', 'write'], flagResource(name, SOME));
    const body = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, actor);
    const { entries } = await etcd.read([GENERATION_KEY]);
    if (entries[0] === undefined) throw new ServiceError('not_ready');
    const target = await audit.version(entries[0].value, flagPath(name), body.version);
    if (!target) throw new ServiceError('version_not_found', { message: 'The flag has no such version' });
    const place = { field: 'body', conditions: headerConditions(c) };
    const written = await writer.write({
      changes: [target.deleted ? deleteFlag(name, place) : restoreFlag(name, target.config_value, place)],
      actor,
      reason: body.reason ?? `rollback to version ${body.version}`,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    const { generation, revision, plan, records } = written;
    const result: FlagRollbackResult = {
      flag_name: name,
      restored_version: body.version,
      new_version: plan.changes[0]!.version,
      revision,
      flag: (records[0] as unknown as FeatureFlag | undefined) ?? null,
    };
    const waited = await regionWait.headers(wait, written);
    return c.json(result, 200, { ...stateHeaders(generation, revision), ...waited });
  });
}
