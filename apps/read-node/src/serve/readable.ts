/** What of the state a reader may see, where that is not all of it. Prepared once for what is asked again. */
import { type Extent, type KeyFilter, type Resource, SOME, typeOf, withinExtent } from '@quantivista/access';
import {
  type Entry,
  mapWithin,
  type SealedEntry,
  type Service,
  type ServiceMap,
  serviceMapTag,
} from '@quantivista/snapshot';

/**
 * Of flags that are for a service: read where the service is, in whichever environment. Without a service: of all
 * flags; for `SOME`: of those that are asked for one context.
 */
export const flagsResource = (service: string | undefined): Resource => ({
  environment: SOME,
  service,
  type: 'FEATURE_FLAG',
});

/** By a reader's extent of one service, which is the same object while its rights are the same. */
const maps = new WeakMap<KeyFilter, ServiceMap & { readonly of: string }>();

/** @param extent of this service, and not `none` */
export function mapFor(service: Service, generation: string, name: string, extent: Extent): ServiceMap {
  if (typeof extent === 'string') return mapWithin(service, generation, withinExtent(extent, name));
  const of = serviceMapTag(service, generation);
  const known = maps.get(extent);
  if (known?.of === of) return known;
  const map = { ...mapWithin(service, generation, withinExtent(extent, name)), of };
  maps.set(extent, map);
  return map;
}

export const isReadable = (extent: Extent, service: string, key: string, entry: Entry): boolean => {
  if (typeof extent === 'string') return extent === 'all';
  return extent.admits({ service, key, type: extent.byType ? typeOf(entry.body) : undefined });
};

/** How many of a service's sealed keys an extent admits. */
export function sealedWithin(
  sealed: ReadonlyMap<string, SealedEntry>,
  service: string,
  extent: Extent,
): number {
  if (extent === 'all') return sealed.size;
  return [...sealed].filter(([key, { entry }]) => isReadable(extent, service, key, entry)).length;
}
