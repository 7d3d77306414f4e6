/**
 * I1 Bookmarkable: when a heartbeat names a revision, every change up to it has been delivered before, so
 * that it is safe to resume from.
 */
import type { Check, Violation } from './violation.ts';

export const bookmarkable: Check = ({ watchers }, truth) => {
  const violations: Violation[] = [];
  for (const { id, topic, events } of watchers) {
    const delivered = new Set<number>();
    let newest = -1;
    // Up to here everything is accounted for: a change missed is reported at one heartbeat alone.
    let settled: number | undefined;
    for (const event of events) {
      if (event.kind === 'connect') {
        settled ??= event.since?.revision;
        continue;
      }
      const { frame } = event;
      const { type, revision } = frame;
      if (type === 'reset') continue;
      if (type === 'update') delivered.add(revision);
      if (type === 'heartbeat') {
        const where = `${id} from ${event.node}`;
        if (revision < newest) {
          const what = `heartbeat of ${revision} after ${newest} was seen`;
          violations.push({ guarantee: 'Bookmarkable', what, where });
        }
        for (const change of truth.between(topic, settled ?? revision, revision)) {
          if (delivered.has(change.revision)) continue;
          const what = `heartbeat of ${revision} before revision ${change.revision} was delivered`;
          violations.push({ guarantee: 'Bookmarkable', what, where });
        }
      }
      if (type !== 'update' || frame.conflated_from !== undefined)
        settled = Math.max(settled ?? -1, revision);
      newest = Math.max(newest, revision);
    }
  }
  return violations;
};
