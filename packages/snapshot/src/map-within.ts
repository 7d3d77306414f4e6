/** A service's map as one may see it who may not see all of it. */
import { DISTRIBUTED_PREFIX } from '@quantivista/contracts';
import { digestsOf, OTHER_PART } from './parts.ts';
import { fragmentOf, type Service, serviceMap, serviceMapTag } from './service.ts';

export interface ServiceMap {
  /** JSON, keys sorted. */
  readonly body: string;
  /** Strong ETag: of a part another than of the whole, and of two parts the same only where they are the same. */
  readonly tag: string;
}

/** Whether a key with this stored Configuration is in the part. */
export type Admits = (key: string, body: string) => boolean;

/** The whole without `admits`. */
export function mapWithin(service: Service, generation: string, admits: Admits | undefined): ServiceMap {
  if (!admits) return { body: serviceMap(service), tag: serviceMapTag(service, generation) };
  const admitted = [...service.entries]
    .filter(([key, { body }]) => admits(key, body))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const digest = digestsOf(
    admitted.map(([key, { body, revision }]) => ({
      key: `${DISTRIBUTED_PREFIX}_map/${key}`,
      value: body,
      modRevision: revision,
    })),
  );
  return {
    body: `{${admitted.map(([key, entry]) => fragmentOf(key, entry)).join(',')}}`,
    tag: `"${generation.slice(0, 8)}.p${digest[OTHER_PART] ?? '0'}"`,
  };
}
