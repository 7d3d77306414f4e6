/** I1 Ordered: changes arrive in the order of their revisions. */
import type { Check, Violation } from './violation.ts';

export const ordered: Check = ({ watchers }) => {
  const violations: Violation[] = [];
  for (const { id, events } of watchers) {
    let newest = -1;
    for (const event of events) {
      if (event.kind !== 'frame') continue;
      const { type, revision } = event.frame;
      if (type !== 'update' && type !== 'snapshot') continue;
      if (revision < newest) {
        const what = `${type} of revision ${revision} after ${newest}`;
        violations.push({ guarantee: 'Ordered', what, where: `${id} from ${event.node}` });
      }
      newest = Math.max(newest, revision);
    }
  }
  return violations;
};
