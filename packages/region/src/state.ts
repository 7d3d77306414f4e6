/** What a region holds. */
import type { Redis } from 'ioredis';
import { unavailable } from './connection.ts';
import { generationKeys, pointerKey } from './keys.ts';

/** `revision` is absent where its keys were lost, both where the region is empty. */
export interface RegionState {
  readonly generation: string | undefined;
  readonly revision: number | undefined;
}

/** @throws ServiceError `store_unavailable` */
export async function readState(redis: Redis, region: string): Promise<RegionState> {
  const generation = (await redis.get(pointerKey(region)).catch(unavailable)) ?? undefined;
  if (generation === undefined) return { generation, revision: undefined };
  const revision = await redis.get(generationKeys(region, generation).revision).catch(unavailable);
  return { generation, revision: revision === null ? undefined : Number(revision) };
}
