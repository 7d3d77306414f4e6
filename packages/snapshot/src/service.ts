/** One service in one environment: its entries, and its map as a prepared string. */
import { type Digest, emptyDigest, formatDigest } from './digest.ts';

/** A configuration as it is served: few fields, since a collection walks all of them. */
export interface Entry {
  /** The stored Configuration's JSON: the answer's body as it stands. */
  readonly body: string;
  readonly revision: number;
  /** `"key":value` as in the service's map; made when the map is first read. */
  fragment: string | undefined;
}

export interface Service {
  readonly entries: Map<string, Entry>;
  readonly digest: Digest;
  map: string | undefined;
  mapTag: string | undefined;
}

export const createService = (): Service => ({
  entries: new Map(),
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
  service.map = undefined;
  service.mapTag = undefined;
  return before;
}

/** A value that is no Configuration (put behind the authority's back) shows as null: it must not cost the map. */
function configValue(body: string): unknown {
  try {
    return (JSON.parse(body) as { config_value?: unknown } | null)?.config_value ?? null;
  } catch {
    return null;
  }
}

/** Remembered with the entry. */
export function fragmentOf(key: string, entry: Entry): string {
  entry.fragment ??= `${JSON.stringify(key)}:${JSON.stringify(configValue(entry.body))}`;
  return entry.fragment;
}

/** The map's JSON, keys sorted: the same bytes on every node. */
export function serviceMap(service: Service): string {
  if (service.map === undefined) {
    const fragments: string[] = [];
    for (const key of [...service.entries.keys()].sort()) {
      fragments.push(fragmentOf(key, service.entries.get(key)!));
    }
    service.map = `{${fragments.join(',')}}`;
  }
  return service.map;
}

/**
 * The map's strong ETag. It comes from the contents: the newest revision among the entries would not
 * change when one is deleted.
 */
export function serviceMapTag(service: Service, generation: string): string {
  service.mapTag ??= `"${generation.slice(0, 8)}.m${formatDigest(service.digest)}"`;
  return service.mapTag;
}
