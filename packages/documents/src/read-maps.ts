/** Values of services, of a document that was parsed. */
import type { Json } from '@quantivista/contracts';
import { DocumentError } from './document-error.ts';
import { isMap } from './yaml.ts';

/** Values by key, by service. */
export type Wanted = Map<string, Map<string, Json>>;

/**
 * The values of a document: of `service`, or of every service in it where that is undefined.
 * @throws DocumentError where it is not made of maps
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

function entriesOf(value: unknown, where: string): [string, unknown][] {
  if (isMap(value)) return Object.entries(value);
  throw new DocumentError(`${where}: a map was expected`);
}
