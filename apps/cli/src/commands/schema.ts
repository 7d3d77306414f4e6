/** `qvc schema`: what the values of a service may be. */
import { readFileSync } from 'node:fs';
import { type JsonSchema, KeyPattern, type ValueSchema } from '@quantivista/contracts';
import { DocumentError, parseJson, parseYamlValues } from '@quantivista/documents';
import { Failure, UsageError } from '../fault.ts';
import { printable, showShort } from '../show.ts';
import { showViolation } from '../show-diff.ts';
import { table } from '../table.ts';
import { type Context, present } from './context.ts';
import { parseValue, requireKey, requireService } from './names.ts';

function requirePattern(pattern: string): void {
  const { error } = KeyPattern.safeParse(pattern);
  if (error) throw new UsageError(`pattern ${JSON.stringify(pattern)} ${error.issues[0]!.message}`);
}

/** A schema from a file of JSON or YAML. @throws UsageError */
function readSchema(path: string): JsonSchema {
  try {
    const text = readFileSync(path, 'utf8');
    return (/\.ya?ml$/i.test(path) ? parseYamlValues(text, path) : parseJson(text, path)) as JsonSchema;
  } catch (error) {
    if (error instanceof DocumentError) throw new UsageError(error.message);
    throw new UsageError(`${path} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

export async function putSchema(
  context: Context,
  service: string,
  pattern: string,
  file: string,
  { force = false, reason, description }: { force?: boolean; reason?: string; description?: string },
): Promise<void> {
  requireService(service);
  requirePattern(pattern);
  const update = {
    schema: readSchema(file),
    ...(reason !== undefined && { reason }),
    ...(description !== undefined && { description }),
  };
  const { body } = await context.api.putSchema(service, pattern, update, force);
  const { colors } = context.terminal;
  present(context, body, () => [
    `${service}/${pattern} ${colors.dim(`(version ${body.version}, revision ${body.revision})`)}`,
    ...body.violations.map(each => `${colors.yellow('breaks it:')} ${showViolation(each, colors)}`),
  ]);
}

export async function getSchema(context: Context, service: string, pattern: string): Promise<void> {
  requireService(service);
  requirePattern(pattern);
  const { body } = await context.api.schema(service, pattern);
  present(context, body, () => JSON.stringify(body.schema, null, 2).split('\n').map(printable));
}

export async function listSchemas(context: Context, service: string): Promise<void> {
  requireService(service);
  const schemas: ValueSchema[] = [];
  let after: string | undefined;
  do {
    const { body } = await context.api.schemas(service, after);
    schemas.push(...body.schemas);
    after = body.next_after;
  } while (after !== undefined);
  const { colors } = context.terminal;
  present(context, { schemas }, () => {
    if (schemas.length === 0) return [colors.dim('no schemas')];
    const rows = schemas.map(each => [
      each.pattern,
      String(each.version),
      each.updated_at,
      printable(each.updated_by),
      each.forced ? 'yes' : 'no',
      showShort(each.schema),
    ]);
    return table(['PATTERN', 'VERSION', 'AT', 'BY', 'FORCED', 'SCHEMA'], rows, colors);
  });
}

export async function schemaVersions(context: Context, service: string, pattern: string): Promise<void> {
  requireService(service);
  requirePattern(pattern);
  const { body } = await context.api.schemaVersions(service, pattern);
  const { colors } = context.terminal;
  present(context, body, () => {
    const rows = body.versions.map(each => [
      String(each.version),
      String(each.revision),
      each.created_at,
      printable(each.updated_by),
      each.deleted ? '(deleted)' : showShort(each.schema),
      printable(each.reason),
    ]);
    return table(['VERSION', 'REVISION', 'AT', 'BY', 'SCHEMA', 'REASON'], rows, colors);
  });
}

export async function deleteSchema(
  context: Context,
  service: string,
  pattern: string,
  { reason }: { reason?: string },
): Promise<void> {
  requireService(service);
  requirePattern(pattern);
  const { revision } = await context.api.deleteSchema(service, pattern, reason);
  present(context, { service_name: service, pattern, deleted: true, revision }, () => [
    `schema ${service}/${pattern} deleted`,
  ]);
}

/** @throws Failure where the value is not as it should be */
export async function validate(
  context: Context,
  service: string,
  key: string,
  text: string,
  { schema, string = false }: { schema?: string; string?: boolean },
): Promise<void> {
  requireService(service);
  requireKey(key);
  const { body } = await context.api.validate(service, {
    config_key: key,
    value: string ? text : parseValue(text),
    ...(schema !== undefined && { schema: readSchema(schema) }),
  });
  const { colors } = context.terminal;
  present(context, body, () => {
    if (!body.valid) return body.violations.map(each => showViolation(each, colors));
    const by = body.patterns.length === 0 ? 'no schema holds for the key' : `by ${body.patterns.join(', ')}`;
    return [`valid ${colors.dim(schema === undefined ? `(${by})` : '')}`.trimEnd()];
  });
  if (!body.valid) throw new Failure('The value is not valid');
}
