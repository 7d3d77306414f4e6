/** What this node says of itself in its region. */
import type { NodeReport } from '@quantivista/contracts';
import type { Replica } from '../follow/replica.ts';
import { runtime } from '../serve/status.ts';
import type { AudienceRecord } from '../serve/watch/audience.ts';

export interface NodeReportOptions {
  readonly nodeId: string;
  readonly replica: Replica;
  readonly audience: AudienceRecord;
  readonly watchers: () => number;
}

/** Instances named in one node's report. */
const NAMED = 2_000;

export function nodeReport({ nodeId, replica, audience, watchers }: NodeReportOptions): NodeReport {
  const snapshot = replica.current?.snapshot;
  return {
    node_id: nodeId,
    runtime,
    generation: snapshot?.generation ?? null,
    revision: snapshot?.revision ?? null,
    state: replica.age.state(),
    watchers: watchers(),
    audiences: audience.audiences(NAMED),
    receipts: audience.receipts(),
  };
}
