/** Frames as nodes send them. */
import type { AppliedUpdate, Frame, Json } from '../src/follow/wire.ts';

export const GENERATION = '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11';
export const at = (revision: number, generation = GENERATION) => ({ generation, revision });

/** All keys in their first version. */
export const snapshot = (revision: number, values: Record<string, Json>, generation?: string): Frame => ({
  type: 'snapshot',
  ...at(revision, generation),
  configurations: Object.fromEntries(
    Object.entries(values).map(([key, config_value]) => [key, { config_value, version: 1 }]),
  ),
});

export const update = (
  revision: number,
  updates: readonly Partial<AppliedUpdate>[],
  generation?: string,
): Frame => ({
  type: 'update',
  ...at(revision, generation),
  updates: updates.map(each => ({
    config_key: 'limit',
    old_value: null,
    new_value: null,
    deleted: false,
    updated_by: 'ada',
    reason: 'review',
    version: revision,
    ...each,
  })),
});

/** Says that those who lose their streams may come back at once. */
export const heartbeat = (revision: number, generation?: string, age: number | null = 0): Frame => ({
  type: 'heartbeat',
  ...at(revision, generation),
  age,
  reconnect_window_ms: 1,
});

export const reset = (revision: number, generation?: string): Frame => ({
  type: 'reset',
  ...at(revision, generation),
  reason: 'compacted',
});
