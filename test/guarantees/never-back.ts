/** I3: within its life, a node never serves a state older than one it has served. */
import type { Check, Violation } from './violation.ts';

export const neverBack: Check = ({ lives }) => {
  const violations: Violation[] = [];
  for (const { node, life, reads } of lives) {
    const newest = new Map<string, number>();
    for (const { generation, revision } of reads) {
      const before = newest.get(generation) ?? -1;
      if (revision < before) {
        const what = `served ${revision} after ${before}`;
        violations.push({ guarantee: 'NeverBack', what, where: `${node}, life ${life}` });
      }
      newest.set(generation, Math.max(before, revision));
    }
  }
  return violations;
};
