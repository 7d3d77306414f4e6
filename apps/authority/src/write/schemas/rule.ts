/**
 * No write leaves a value that breaks its schema, unless the schema was forced upon it. A value is judged by the
 * schemas as they will be, and a new schema by the values as they will be; the transaction compares that
 * neither was put meanwhile, so of two that do not fit together the later one is judged again, and refused.
 * What is deleted meanwhile breaks nothing.
 */
import {
  type Configuration,
  ENVIRONMENTS,
  type Environment,
  fieldFault,
  isConfidential,
  type Json,
  MAX_SERVICE_SCHEMAS,
  MAX_VIOLATIONS,
  type RecordPath,
  SCHEMAS_PREFIX,
  type SchemaViolation,
  ServiceError,
  servicePrefix,
  serviceSchemasPrefix,
  type ValueSchema,
} from '@quantivista/contracts';
import type { Compare } from '@quantivista/etcd';
import type { RecordView } from '../../follow/record-view.ts';
import { OutOfTime, withinTime } from '../../time-limit.ts';
import type { StoredRecord, WriteRequest } from '../request.ts';
import type { PlannedChange, RuleInForce, WriteRule } from '../rule.ts';
import { learnDraft } from './compile.ts';
import {
  type PlacedValue,
  type SchemaReader,
  type ServiceSchemas,
  standingSchema,
  violationsOf,
} from './service-schemas.ts';

/** For all values of one request. */
const CHECK_LIMIT_MS = 1_000;

/** Values that are there, and the compares that none was put since they were read. */
export interface PresentValues {
  readonly values: readonly PlacedValue[];
  readonly compare: readonly Compare[];
}

/**
 * A service's values in all environments, but those that are confidential: who puts a schema could find out by it
 * what they are. They are judged when they are written.
 */
export async function readValues(view: RecordView, service: string): Promise<PresentValues> {
  const parts = await Promise.all(
    ENVIRONMENTS.map(async environment => {
      const prefix = servicePrefix(environment, service);
      const listed = await view.list(prefix);
      const stored = listed.entries.map(({ value }) => JSON.parse(value) as Configuration);
      const configurations = stored.filter(each => !isConfidential(each));
      return { environment, prefix, revision: listed.revision, configurations };
    }),
  );
  return {
    values: parts.flatMap(({ environment, configurations }) =>
      configurations.map(({ config_key, config_value }) => ({
        environment,
        service_name: service,
        config_key,
        value: config_value,
      })),
    ),
    compare: parts.map(({ prefix, revision }) => notPutSince(prefix, revision)),
  };
}

const notPutSince = (prefix: string, revision: number): Compare => ({
  key: prefix,
  target: 'mod',
  prefix: true,
  below: revision + 1,
});

export function createSchemaRule(reader: SchemaReader): WriteRule {
  return {
    read: async (request, view) => {
      const services = servicesOf(request);
      const schemas = new Map<string, ServiceSchemas>();
      const present = new Map<string, PresentValues>();
      await Promise.all([
        ...services.judged.map(async service => schemas.set(service, await reader.read(service, view))),
        ...services.ruled.map(async service => present.set(service, await readValues(view, service))),
      ]);
      return inForce(schemas, present);
    },
  };
}

/** Whose schemas are needed, and whose present values are: those of the services whose schemas change. */
function servicesOf({ changes }: WriteRequest): { judged: string[]; ruled: string[] } {
  const of = (kind: string) =>
    changes.filter(({ path }) => path.kind === kind).map(({ path }) => path.service);
  const ruled = new Set(of('schema'));
  return { judged: [...new Set([...of('configuration'), ...ruled])], ruled: [...ruled] };
}

function inForce(
  schemas: ReadonlyMap<string, ServiceSchemas>,
  present: ReadonlyMap<string, PresentValues>,
): RuleInForce {
  return {
    compare: [...schemasCompare(schemas), ...[...present.values()].flatMap(({ compare }) => compare)],
    check: changes => {
      if ([...schemas.values()].every(each => each.schemas.length === 0) && present.size === 0) return;
      // A schema that is put here may be the first that this authority sees: of a proposal that another has taken in.
      learnDraft();
      try {
        withinTime(CHECK_LIMIT_MS, () => check(changes, schemas, present));
      } catch (error) {
        if (!(error instanceof OutOfTime)) throw error;
        throw fieldFault(
          changes[0]!.field,
          `checking it by its schemas: ${error.message}`,
          'schema_violation',
        );
      }
    },
  };
}

/** One compare however many services there are: a transaction has room for 128. */
function schemasCompare(schemas: ReadonlyMap<string, ServiceSchemas>): Compare[] {
  if (schemas.size === 0) return [];
  const [service] = schemas.keys();
  const prefix = schemas.size === 1 ? serviceSchemasPrefix(service!) : SCHEMAS_PREFIX;
  return [notPutSince(prefix, Math.min(...[...schemas.values()].map(({ revision }) => revision)))];
}

/** A violation, and the field of the request that makes it. */
interface Found extends SchemaViolation {
  readonly field: string;
}

function check(
  changes: readonly PlannedChange[],
  schemas: ReadonlyMap<string, ServiceSchemas>,
  present: ReadonlyMap<string, PresentValues>,
): void {
  const found: Found[] = [];
  const broken: Found[] = [];
  for (const [service, { schemas: before }] of schemas) {
    const ofService = changes.filter(({ path }) => path.service === service);
    const ruled = ofService.filter(({ path }) => path.kind === 'schema');
    const values = ofService.filter(({ path }) => path.kind === 'configuration');
    const put = ruled.flatMap(each =>
      each.after ? [standingSchema(each.after as unknown as ValueSchema)] : [],
    );
    const replaced = new Set(ruled.map(({ path }) => path.key));
    const after = [...before.filter(({ record }) => !replaced.has(record.pattern)), ...put];
    if (after.length > Math.max(before.length, MAX_SERVICE_SCHEMAS)) {
      throw fieldFault(ruled[0]!.field, `a service may have at most ${MAX_SERVICE_SCHEMAS} schemas`);
    }
    found.push(
      ...values.flatMap(({ path, field, after: next }) =>
        next
          ? violationsOf(placed(path, next), after).map(each => ({ ...each, field: `${field}.new_value` }))
          : [],
      ),
    );
    const imposed = put.filter(({ record }) => !record.forced);
    if (imposed.length === 0) continue;
    const changed = new Set(values.map(({ path }) => `${path.environment}/${path.key}`));
    const others = (present.get(service)?.values ?? []).filter(
      each => !changed.has(`${each.environment}/${each.config_key}`),
    );
    const field = `${ruled[0]!.field}.schema`;
    broken.push(...others.flatMap(each => violationsOf(each, imposed)).map(each => ({ ...each, field })));
  }
  refuse('schema_violation', found);
  refuse('values_break_schema', broken);
}

const placed = ({ environment, service, key }: RecordPath, next: StoredRecord): PlacedValue => ({
  environment: environment as Environment,
  service_name: service,
  config_key: key,
  value: next.config_value as Json,
  confidential: isConfidential(next as unknown as Configuration),
});

function refuse(code: 'schema_violation' | 'values_break_schema', found: readonly Found[]): void {
  const [first] = found;
  if (first === undefined) return;
  const where = `${first.environment} ${first.service_name}/${first.config_key}${first.path && ` at ${first.path}`}`;
  const told = found.slice(0, MAX_VIOLATIONS);
  throw new ServiceError(code, {
    message: `${where} ${first.message} (${first.rule}, schema ${first.pattern})`,
    details: {
      errors: told.map(({ field, message }) => ({ field, message })),
      violations: told.map(({ field: _, ...violation }) => violation),
      violations_total: found.length,
    },
  });
}
