/** The body of an import, in whichever format it comes. */
import {
  ConfigKey,
  type DocumentFormat,
  fieldFault,
  isWithheld,
  type Json,
  MAX_YAML_BYTES,
  ServiceName,
} from '@quantivista/contracts';
import {
  DocumentError,
  parseJson,
  parseYamlValues,
  readEnv,
  readMaps,
  type Wanted,
} from '@quantivista/documents';
import { OutOfTime, withinTime } from '../time-limit.ts';
import { checkValue } from '../write/validate.ts';
import { utf8 } from './body.ts';

/** A document may be made to take long: nested, or with many aliases. */
const READ_LIMIT_MS = 2_000;

export interface ImportDocument {
  readonly wanted: Wanted;
  readonly warnings: readonly string[];
}

/**
 * Whose values the document holds, checked by themselves. `service`: all of them are its own.
 * @throws ServiceError `invalid_request`, `too_large`, naming the field
 */
export function readDocument(
  bytes: ArrayBuffer,
  format: DocumentFormat,
  service: string | undefined,
): ImportDocument {
  const warnings: string[] = [];
  if (format === 'yaml' && bytes.byteLength > MAX_YAML_BYTES) {
    throw fieldFault('body', `YAML over ${MAX_YAML_BYTES} bytes: send it as JSON, or in parts`, 'too_large');
  }
  const text = decode(bytes);
  let wanted: Wanted;
  try {
    wanted = withinTime(READ_LIMIT_MS, () => parse(text, format, service, warnings));
  } catch (error) {
    if (error instanceof DocumentError || error instanceof OutOfTime) throw fieldFault('body', error.message);
    throw error;
  }
  for (const [name, values] of wanted) checkService(name, values, service);
  return { wanted, warnings };
}

function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw fieldFault('body', 'is not UTF-8');
  }
}

function parse(
  text: string,
  format: DocumentFormat,
  service: string | undefined,
  warnings: string[],
): Wanted {
  if (format === 'json') return readMaps(parseJson(text, 'the document'), 'the document', service);
  if (format === 'yaml') return readMaps(parseYamlValues(text, 'the document'), 'the document', service);
  if (service === undefined)
    throw fieldFault('query.service_name', 'is needed: an env file is of one service');
  const unset = new Set<string>();
  const values = readEnv({ text, name: 'the document', onUnset: name => unset.add(name) });
  warnings.push(...[...unset].map(name => `${name} is not set: it becomes an empty string`));
  return new Map([[service, values]]);
}

/** Where a key stands in the body. */
export const documentField = (service: string, key: string, only: string | undefined): string =>
  only === undefined ? `body.${service}.${key}` : `body.${key}`;

function checkService(service: string, values: ReadonlyMap<string, Json>, only: string | undefined): void {
  const named = ServiceName.safeParse(service);
  if (!named.success) throw fieldFault(`body.${service}`, named.error.issues[0]!.message);
  for (const [key, value] of values) {
    const field = documentField(service, key, only);
    const keyed = ConfigKey.safeParse(key);
    if (!keyed.success) throw fieldFault(field, keyed.error.issues[0]!.message);
    if (!isWithheld(value)) checkValue(value, field);
  }
}
