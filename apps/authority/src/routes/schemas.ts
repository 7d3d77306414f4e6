/** Schemas of values: set, read, deleted, tried. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy } from '@quantivista/access';
import {
  deleteSchemaRoute,
  entityTag,
  fieldFault,
  GENERATION_KEY,
  getSchemaRoute,
  listSchemasRoute,
  MAX_VIOLATIONS,
  putSchemaRoute,
  recordKey,
  type SchemaResult,
  type SchemaUpdate,
  type SchemaVersion,
  type SchemaViolation,
  ServiceError,
  schemaPath,
  schemaVersionsRoute,
  type ValidateRequest,
  type ValueSchema,
  validateRoute,
} from '@quantivista/contracts';
import { schemaResource } from '../access-resources.ts';
import { createStoreView } from '../follow/record-view.ts';
import { OutOfTime, withinTime } from '../time-limit.ts';
import { deleteRecord } from '../write/delete.ts';
import { readValues } from '../write/schemas/rule.ts';
import { checkSchema, setSchema } from '../write/schemas/schema.ts';
import {
  type StandingSchema,
  schemasOf,
  standingSchema,
  violationsOf,
} from '../write/schemas/service-schemas.ts';
import { checkAuthor, checkValue } from '../write/validate.ts';
import { headerConditions } from './conditions.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { requireReader } from './read.ts';
import { versionPage } from './version-page.ts';
import { answerDeleted } from './written.ts';

/** Where one of the values is that a schema is for. */
const readable = (service: string, pattern: string): Resource => ({
  environment: SOME,
  type: SOME,
  ...schemaResource(service, pattern),
});

/** For the values of a service that a schema was forced upon, or one that is tried. */
const CHECK_LIMIT_MS = 1_000;

export function registerSchemas(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, writer, schemas, regionWait } = dependencies;

  /** Which of the present values break a schema that stands, as far as there is time to find them. */
  async function broken(record: ValueSchema) {
    const { values } = await readValues(createStoreView(etcd), record.service_name);
    const imposed = [standingSchema(record)];
    const found: SchemaViolation[] = [];
    try {
      withinTime(CHECK_LIMIT_MS, () => {
        for (const value of values) found.push(...violationsOf(value, imposed));
      });
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
    }
    return found;
  }

  async function generation(): Promise<string> {
    const { entries } = await etcd.read([GENERATION_KEY]);
    if (entries[0] === undefined) throw new ServiceError('not_ready');
    return entries[0].value;
  }

  app.openapi(putSchemaRoute, async c => {
    const { service_name: service, pattern } = c.req.valid('param');
    const credential = shownBy(c);
    const { name } = await callers.require(credential, ['write'], schemaResource(service, pattern));
    const body: SchemaUpdate = c.req.valid('json');
    const { prefer: wait } = c.req.valid('header');
    const forced = c.req.valid('query').force === 'true';
    checkAuthor(body.updated_by, name);
    checkSchema(body.schema, 'body.schema');
    const written = await writer.write({
      changes: [
        setSchema(
          { service, pattern },
          { schema: body.schema, description: body.description, forced },
          { field: 'body', conditions: headerConditions(c) },
        ),
      ],
      actor: name,
      reason: body.reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    const record = written.records[0] as unknown as ValueSchema;
    const violations = forced ? await broken(record) : [];
    const result: SchemaResult = {
      ...record,
      violations: violations.slice(0, MAX_VIOLATIONS),
      revision: written.revision,
    };
    const tag = entityTag(written.generation, written.revision);
    const waited = await regionWait.headers(wait, written);
    return c.json(result, 200, { ...stateHeaders(written.generation, written.revision, tag), ...waited });
  });

  app.openapi(deleteSchemaRoute, async c => {
    const { name } = await callers.require(shownBy(c));
    const { prefer: wait } = c.req.valid('header');
    const { service_name: service, pattern } = c.req.valid('param');
    const written = await writer.write({
      changes: [
        deleteRecord(schemaPath(service, pattern), { field: 'path', conditions: headerConditions(c) }),
      ],
      actor: name,
      reason: c.req.valid('query').reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    });
    return answerDeleted(c, dependencies, wait, written);
  });

  app.openapi(getSchemaRoute, async c => {
    const { service_name: service, pattern } = c.req.valid('param');
    await requireReader(dependencies, c, readable(service, pattern));
    const { revision, entries } = await etcd.read([GENERATION_KEY, recordKey(schemaPath(service, pattern))]);
    const [life, entry] = entries;
    if (life === undefined) throw new ServiceError('not_ready');
    if (entry === undefined) throw new ServiceError('not_found');
    const tag = entityTag(life.value, entry.modRevision);
    return c.json(JSON.parse(entry.value) as ValueSchema, 200, stateHeaders(life.value, revision, tag));
  });

  app.openapi(listSchemasRoute, async c => {
    await requireReader(dependencies, c, readable(c.req.valid('param').service_name, '*'));
    const { limit, after = '' } = c.req.valid('query');
    const listed = await schemas.read(c.req.valid('param').service_name);
    // etcd lists by key, which is in the order of code units: they are all of ASCII.
    const rest = listed.schemas.map(({ record }) => record).filter(({ pattern }) => pattern > after);
    const page = rest.slice(0, limit);
    const next = rest.length > limit ? { next_after: page.at(-1)!.pattern } : {};
    return c.json({ schemas: page, ...next }, 200, stateHeaders(await generation(), listed.revision));
  });

  app.openapi(schemaVersionsRoute, async c => {
    const { service_name: service, pattern } = c.req.valid('param');
    await requireReader(dependencies, c, readable(service, pattern));
    const path = schemaPath(service, pattern);
    const recorded = await versionPage(dependencies, path, c.req.valid('query'));
    const versions = recorded.versions.map((each): SchemaVersion => {
      const record = each.config_value as ValueSchema | null;
      const { version, revision, deleted, description, updated_by, reason, created_at } = each;
      return {
        version,
        revision,
        schema: record?.schema ?? null,
        description,
        forced: record?.forced ?? false,
        deleted,
        updated_by,
        reason,
        created_at,
      };
    });
    return c.json({ ...recorded, versions }, 200);
  });

  app.openapi(validateRoute, async c => {
    const { service_name: service } = c.req.valid('param');
    const { config_key, value, schema }: ValidateRequest = c.req.valid('json');
    const place = { environment: SOME, service, key: config_key, type: SOME } as const;
    await callers.require(shownBy(c), ['write'], place);
    checkValue(value, 'body.value');
    if (schema !== undefined) checkSchema(schema, 'body.schema');
    const applied: readonly StandingSchema[] =
      schema === undefined
        ? schemasOf((await schemas.read(service)).schemas, config_key)
        : [standingSchema({ service_name: service, pattern: config_key, schema } as ValueSchema)];
    try {
      const tried = { environment: 'TEST', service_name: service, config_key, value } as const;
      const found = withinTime(CHECK_LIMIT_MS, () => violationsOf(tried, applied));
      const violations = found.map(({ environment: _, ...violation }) => violation);
      const patterns = schema === undefined ? applied.map(({ record }) => record.pattern) : [];
      return c.json({ valid: violations.length === 0, patterns, violations }, 200);
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
      throw fieldFault('body.value', error.message, 'schema_violation');
    }
  });
}
