/** Where things stand in a region's Redis. One hash tag, so that a rule may touch all of them in a cluster. */

export interface GenerationKeys {
  /** The newest revision applied. */
  readonly revision: string;
  /** Hash: etcd key → `{mod revision}:{value}`. */
  readonly snapshot: string;
  /** Stream: one entry a revision, its id `{revision}-0`. */
  readonly stream: string;
}

const tag = (region: string): string => `{qv:${region}}`;

export const pointerKey = (region: string): string => `${tag(region)}:generation`;

export const generationKeys = (region: string, generation: string): GenerationKeys => ({
  revision: `${tag(region)}:${generation}:revision`,
  snapshot: `${tag(region)}:${generation}:snapshot`,
  stream: `${tag(region)}:${generation}:stream`,
});

export const loadingKey = (region: string, id: string): string => `${tag(region)}:loading:${id}`;

export interface PresenceKeys {
  /** Hash: who is there → their report. */
  readonly members: string;
  /** Sorted set: who is there, by the time until which they count as alive (ms, Redis's clock). */
  readonly until: string;
  /** Changes with every report and every one who is gone. */
  readonly version: string;
  /** Who reports for the region; expires. */
  readonly reporter: string;
}

export const presenceKeys = (region: string): PresenceKeys => ({
  members: `${tag(region)}:presence`,
  until: `${tag(region)}:presence:until`,
  version: `${tag(region)}:presence:version`,
  reporter: `${tag(region)}:reporter`,
});
