/** One service in one environment: its entries, and its map as a prepared string. */
import { holdsSealed, type Json, withhold } from '@quantivista/contracts';
import { type Digest, emptyDigest, formatDigest } from './digest.ts';

/** A configuration as it is served: few fields, since a collection walks all of them. */
export interface Entry {
  /** The stored Configuration's JSON: the answer's body as it stands. */
  readonly body: string;
  readonly revision: number;
  /** `"key":value` as in the service's map; made when the map is first read. */
  fragment: string | undefined;
}

/** A configuration whose value is sealed. */
export interface SealedEntry {
  readonly entry: Entry;
  readonly value: Json;
  /** The answer's body with the value withheld. */
  readonly shown: string;
}

export interface Service {
  readonly entries: Map<string, Entry>;
  /** Those of the entries that are sealed, by key; `undefined` where none is, as of most services. */
  sealed: Map<string, SealedEntry> | undefined;
  readonly digest: Digest;
  map: string | undefined;
  mapTag: string | undefined;
}

export const createService = (): Service => ({
  entries: new Map(),
  sealed: undefined,
  digest: emptyDigest(),
  map: undefined,
  mapTag: undefined,
});

/** Set or (with `undefined`) remove one key; answers what was there. The map is dirty from here until it is read. */
export function setEntry(
  service: Service,
  key: string,
  body: string | undefined,
  revision: number,
): Entry | undefined {
  const before = service.entries.get(key);
  if (body === undefined) service.entries.delete(key);
  else service.entries.set(key, { body, revision, fragment: undefined });
  if (body !== undefined && holdsSealed(body)) setSealed(service, key);
  else if (service.sealed?.delete(key) && service.sealed.size === 0) service.sealed = undefined;
  service.map = undefined;
  service.mapTag = undefined;
  return before;
}

function setSealed(service: Service, key: string): void {
  const entry = service.entries.get(key)!;
  service.sealed ??= new Map();
  service.sealed.set(key, { entry, value: configValue(entry.body), shown: withhold(entry.body) });
}

/** A value that is no Configuration (put behind the authority's back) shows as null: it must not cost the map. */
function configValue(body: string): Json {
  try {
    return (JSON.parse(body) as { config_value?: Json } | null)?.config_value ?? null;
  } catch {
    return null;
  }
}

/** What is sealed is withheld. Remembered with the entry. */
export function fragmentOf(key: string, entry: Entry): string {
  entry.fragment ??= `${JSON.stringify(key)}:${withhold(JSON.stringify(configValue(entry.body)))}`;
  return entry.fragment;
}

function joinMap(service: Service, fragmentFor: (key: string, entry: Entry) => string | undefined): string {
  const fragments: string[] = [];
  for (const key of [...service.entries.keys()].sort()) {
    const fragment = fragmentFor(key, service.entries.get(key)!);
    if (fragment !== undefined) fragments.push(fragment);
  }
  return `{${fragments.join(',')}}`;
}

/** The map's JSON, keys sorted: the same bytes on every node. What is sealed is withheld. */
export function serviceMap(service: Service): string {
  service.map ??= joinMap(service, fragmentOf);
  return service.map;
}

/** The map with other values, in JSON, in the place of those that are sealed; of the keys that are admitted. */
export const openedMap = (
  service: Service,
  jsonOf: (key: string, sealed: SealedEntry) => string,
  admits: (key: string, entry: Entry) => boolean = () => true,
): string =>
  joinMap(service, (key, entry) => {
    if (!admits(key, entry)) return undefined;
    const sealed = service.sealed?.get(key);
    return sealed ? `${JSON.stringify(key)}:${jsonOf(key, sealed)}` : fragmentOf(key, entry);
  });

/** A sealed entry's body with its value, in JSON, in its place. */
export const openedBody = ({ entry, value }: SealedEntry, json: string): string =>
  entry.body.replace(JSON.stringify(value), () => json);

/**
 * The map's strong ETag. It comes from the contents: the newest revision among the entries would not
 * change when one is deleted.
 */
export function serviceMapTag(service: Service, generation: string): string {
  service.mapTag ??= `"${generation.slice(0, 8)}.m${formatDigest(service.digest)}"`;
  return service.mapTag;
}
