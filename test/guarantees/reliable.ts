/** I1 Reliable: between the first and the last revision that a watcher saw, no change is missing. */
import type { Watcher } from './history.ts';
import type { Check, Violation } from './violation.ts';

export const reliable: Check = ({ watchers }, truth) => {
  const violations: Violation[] = [];
  for (const watcher of watchers) {
    const { first, last, delivered, covered } = journey(watcher);
    for (const { revision } of truth.between(watcher.topic, first, last)) {
      if (delivered.has(revision)) continue;
      if (covered.some(span => span.after < revision && revision <= span.upTo)) continue;
      violations.push({
        guarantee: 'Reliable',
        what: `revision ${revision} was never delivered`,
        where: watcher.id,
      });
    }
  }
  return violations;
};

/** Where the watcher began and ended, what came as updates, and which stretches a snapshot, or one update, stands for. */
function journey({ events }: Watcher) {
  const delivered = new Set<number>();
  const covered: { after: number; upTo: number }[] = [];
  let first: number | undefined;
  let last = -1;
  for (const event of events) {
    if (event.kind === 'connect') {
      first ??= event.since?.revision;
      last = Math.max(last, event.since?.revision ?? -1);
      continue;
    }
    const { frame } = event;
    const { type, revision } = frame;
    if (type === 'reset') continue;
    if (type === 'update') delivered.add(revision);
    if (type === 'update' && frame.conflated_from !== undefined)
      covered.push({ after: frame.conflated_from, upTo: revision });
    if (type === 'snapshot' && first !== undefined) covered.push({ after: last, upTo: revision });
    first ??= revision;
    last = Math.max(last, revision);
  }
  return { first: first ?? -1, last, delivered, covered };
}
