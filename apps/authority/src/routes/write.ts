/** The endpoints that change something. Each one turns its body into a WriteRequest. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { shownBy } from '@quantivista/access';
import {
  type BatchChange,
  type BatchRequest,
  batchRoute,
  type Configuration,
  type ConfigurationPath,
  type ConfigurationUpdate,
  deleteKeyRoute,
  fieldFault,
  putKeyRoute,
} from '@quantivista/contracts';
import type { Context } from 'hono';
import { deleteConfiguration, setConfiguration } from '../write/configuration.ts';
import type { Conditions, RequestedChange } from '../write/request.ts';
import { checkAuthor, checkValue } from '../write/validate.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { answerDeleted, answerPut } from './written.ts';

type Update = Pick<
  ConfigurationUpdate,
  'old_value' | 'new_value' | 'config_type' | 'change_type' | 'description' | 'is_encrypted'
>;

const oldValue = (old: ConfigurationUpdate['old_value']): Conditions =>
  old === undefined ? {} : { oldValue: old };

function setChange(
  path: ConfigurationPath,
  update: Update,
  field: string,
  conditions: Conditions,
): RequestedChange {
  checkValue(update.new_value, `${field}.new_value`);
  const { new_value: value, config_type: configType, change_type: changeType, description } = update;
  const { is_encrypted: isEncrypted } = update;
  return setConfiguration(
    path,
    { value, configType, changeType, isEncrypted, description },
    { field, conditions: { ...conditions, ...oldValue(update.old_value) } },
  );
}

/** One change of a batch; `index`: its place in the body. */
export function batchChange(change: BatchChange, index: number): RequestedChange {
  const { environment, service_name: service, config_key: key } = change;
  const field = `body.changes.${index}`;
  const path = { environment, service, key } as ConfigurationPath;
  if (change.op === 'delete')
    return deleteConfiguration(path, { field, conditions: oldValue(change.old_value) });
  return setChange(path, change, field, {});
}

export function registerWrites(app: OpenAPIHono, dependencies: Dependencies): void {
  const { callers, writer, regionWait } = dependencies;
  const caller = (c: Context) => callers.require(shownBy(c));

  app.openapi(putKeyRoute, async c => {
    const { name } = await caller(c);
    const body: ConfigurationUpdate = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    const { service_name: service, config_key: key } = c.req.valid('param');
    checkAuthor(body.updated_by, name);
    if (body.config_key !== undefined && body.config_key !== key) {
      throw fieldFault('body.config_key', 'is not the key of the path');
    }
    const path = { environment: c.req.valid('query').environment, service, key } as ConfigurationPath;
    const written = await writer.write({
      changes: [setChange(path, body, 'body', headerConditions(c))],
      actor: name,
      reason: body.reason ?? '',
      rollbackAvailable: body.rollback_available,
      awaited: wait !== undefined,
    });
    return answerPut(c, dependencies, wait, written);
  });

  app.openapi(deleteKeyRoute, async c => {
    const { name } = await caller(c);
    const { environment, reason = '' } = c.req.valid('query');
    const { prefer: wait } = c.req.valid('header');
    const { service_name: service, config_key: key } = c.req.valid('param');
    const path = { environment, service, key } as ConfigurationPath;
    const written = await writer.write({
      changes: [deleteConfiguration(path, { field: 'path', conditions: headerConditions(c) })],
      actor: name,
      reason,
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerDeleted(c, dependencies, wait, written);
  });

  app.openapi(batchRoute, async c => {
    const { name } = await caller(c);
    const body: BatchRequest = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    checkAuthor(body.updated_by, name);
    const written = await writer.write({
      changes: body.changes.map(batchChange),
      actor: name,
      reason: body.reason ?? '',
      rollbackAvailable: body.rollback_available,
      awaited: wait !== undefined,
    });
    const { revision, records } = written;
    const result = {
      revision,
      changed: body.changes.length,
      configurations: records.filter(each => each !== undefined) as unknown as Configuration[],
    };
    const waited = await regionWait.headers(wait, written);
    return c.json(result, 200, { ...stateHeaders(written.generation, written.revision), ...waited });
  });
}
