/** Values from JSON or YAML: one service's map, or a map of services. */
import { type Json, JsonValue } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import { isMap, parseYaml } from './parse-yaml.ts';
import type { Wanted } from './wanted.ts';

/**
 * The values of a parsed document: of `service`, or of every service in it where that is undefined.
 * @throws UsageError where it is not made of maps
 */
export function readMaps(document: unknown, name: string, service: string | undefined): Wanted {
  const services: [string, unknown][] =
    service === undefined ? entriesOf(document, name) : [[service, document]];
  return new Map(
    services.map(([each, values]) => [
      each,
      new Map(entriesOf(values, `${name}, ${each}`) as [string, Json][]),
    ]),
  );
}

/** @throws UsageError where the text is not JSON */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${(error as Error).message}`);
  }
}

/** @throws UsageError where the text is not YAML, or holds what JSON can't (`.inf`, maps with other keys) */
export function parseYamlValues(text: string, name: string): unknown {
  const document = parseYaml(text, name);
  if (JsonValue.safeParse(document).success) return document;
  throw new UsageError(`${name} holds a value that JSON does not have`);
}

function entriesOf(value: unknown, where: string): [string, unknown][] {
  if (isMap(value)) return Object.entries(value);
  throw new UsageError(`${where}: a map was expected`);
}
