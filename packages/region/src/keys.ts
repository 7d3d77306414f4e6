/** Where things stand in a region's Redis. One hash tag, so that a rule may touch all of them in a cluster. */

import type { Scope } from '@quantivista/contracts';

export interface GenerationKeys {
  /** The newest revision applied. */
  readonly revision: string;
  /** Hash: etcd key → `{mod revision}:{value}`. */
  readonly snapshot: string;
  /** Stream: one entry a revision, its id `{revision}-0`. */
  readonly stream: string;
  /** There while what is held may be wrong. */
  readonly suspect: string;
}

/**
 * The name that a region's keys stand under. Nodes that hold some environments alone have a state of their
 * own, so that they may share a Redis with those of their region that hold all.
 */
export const scopedRegion = (region: string, { restricted, environments }: Scope): string =>
  restricted ? `${region}@${environments.join('+').toLowerCase()}` : region;

const tag = (region: string): string => `{qv:${region}}`;

export const pointerKey = (region: string): string => `${tag(region)}:generation`;

export const generationKeys = (region: string, generation: string): GenerationKeys => ({
  revision: `${tag(region)}:${generation}:revision`,
  snapshot: `${tag(region)}:${generation}:snapshot`,
  stream: `${tag(region)}:${generation}:stream`,
  suspect: `${tag(region)}:${generation}:suspect`,
});

export const claimKey = (region: string, work: string): string => `${tag(region)}:claim:${work}`;

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

export interface TallyKeys {
  /** Hash: what is counted → how often. Nodes add to it. */
  readonly open: string;
  /** The same, once nothing is added to it any more: it waits until it is handed over. */
  readonly sealed: string;
  /** Who hands over; expires. */
  readonly claim: string;
  /** Hash: regions that are fed from this one → what they handed over. */
  readonly children: string;
  /** The newest sequence that a node has told; expires. */
  readonly told: (node: string) => string;
}

/** @param kind of what is counted */
export const tallyKeys = (region: string, kind: string): TallyKeys => ({
  open: `${tag(region)}:${kind}`,
  sealed: `${tag(region)}:${kind}:sealed`,
  claim: claimKey(region, kind),
  children: `${tag(region)}:${kind}:children`,
  told: node => `${tag(region)}:${kind}:told:${node}`,
});
