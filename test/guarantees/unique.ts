/** I1 Unique: a change arrives once, and not at all where a snapshot held it already. */
import type { Check, Violation } from './violation.ts';

export const unique: Check = ({ watchers }) => {
  const violations: Violation[] = [];
  for (const { id, events } of watchers) {
    const seen = new Set<number>();
    let inSnapshot = -1;
    for (const event of events) {
      if (event.kind !== 'frame') continue;
      const { type, revision } = event.frame;
      if (type === 'snapshot') inSnapshot = Math.max(inSnapshot, revision);
      if (type !== 'update') continue;
      const where = `${id} from ${event.node}`;
      if (seen.has(revision)) {
        violations.push({ guarantee: 'Unique', what: `revision ${revision} came again`, where });
      } else if (revision <= inSnapshot) {
        const what = `revision ${revision} was in the snapshot of ${inSnapshot} already`;
        violations.push({ guarantee: 'Unique', what, where });
      }
      seen.add(revision);
    }
  }
  return violations;
};
