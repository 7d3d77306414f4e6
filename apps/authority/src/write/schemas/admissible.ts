/** Whether a schema is of the kind that is kept here: bounded, whole in itself, of one draft. */
import {
  fieldFault,
  type Json,
  type JsonSchema,
  MAX_SCHEMA_BYTES,
  MAX_SCHEMA_DEPTH,
} from '@quantivista/contracts';

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
/** Keywords whose members are schemas under names of their own. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords that hold values, whatever those look like. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);

type Members = { readonly [name: string]: Json };
const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws ServiceError `too_large`, `invalid_request`, naming the field within `field` */
export function checkAdmissible(schema: JsonSchema, field: string): void {
  checkDepth(schema, field, 0);
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MAX_SCHEMA_BYTES) throw fieldFault(field, `over ${MAX_SCHEMA_BYTES} bytes`, 'too_large');
  if (!isMembers(schema)) return;
  const { $schema = DRAFT } = schema;
  if ($schema !== DRAFT && $schema !== `${DRAFT}#`) throw fieldFault(`${field}.$schema`, `must be ${DRAFT}`);
  checkKeywords(schema, field, true);
}

function checkDepth(value: Json, field: string, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth === MAX_SCHEMA_DEPTH) throw fieldFault(field, `is nested over ${MAX_SCHEMA_DEPTH} levels deep`);
  for (const part of Object.values(value)) checkDepth(part, field, depth + 1);
}

function checkKeywords(schema: Members, field: string, isRoot: boolean): void {
  for (const [keyword, value] of Object.entries(schema)) {
    const at = `${field}.${keyword}`;
    if (keyword === '$async') throw fieldFault(at, 'is not admitted');
    // An id within would be the base of references, and would have to be known to all other schemas.
    if (keyword === '$id' && !isRoot) throw fieldFault(at, 'is admitted at the top alone');
    if ((keyword === '$ref' || keyword === '$dynamicRef') && !String(value).startsWith('#')) {
      throw fieldFault(at, 'must be a reference within the schema (#…)');
    }
    if (DATA.has(keyword)) continue;
    if (NAMED.has(keyword) && isMembers(value)) {
      for (const [name, part] of Object.entries(value)) checkPart(part, `${at}.${name}`);
    } else checkPart(value, at);
  }
}

function checkPart(value: Json, field: string): void {
  if (Array.isArray(value)) for (const [index, part] of value.entries()) checkPart(part, `${field}.${index}`);
  else if (isMembers(value)) checkKeywords(value, field, false);
}
