/** I1 Atomic: a frame holds all keys of the service that one transaction changed, and no others. */
import type { Check, Violation } from './violation.ts';

export const atomic: Check = ({ watchers }, truth) => {
  const violations: Violation[] = [];
  for (const { id, topic, events } of watchers) {
    for (const event of events) {
      if (event.kind !== 'frame' || event.frame.type !== 'update') continue;
      // One that stands for several transactions is compared with the states at its ends.
      if (event.frame.conflated_from !== undefined) continue;
      const { revision, updates } = event.frame;
      const change = truth.change(topic, revision);
      if (!change) continue;
      const report = (what: string) =>
        violations.push({
          guarantee: 'Atomic',
          what: `revision ${revision}: ${what}`,
          where: `${id} from ${event.node}`,
        });
      const names = new Set(updates.map(update => update.config_key));
      if (names.size < updates.length) report('a key twice in one frame');
      for (const key of change.keys.keys()) if (!names.has(key)) report(`without ${key}`);
      for (const name of names) if (!change.keys.has(name)) report(`with ${name}, which it did not change`);
    }
  }
  return violations;
};
