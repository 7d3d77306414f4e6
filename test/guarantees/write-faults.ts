/** Faults in what became of a write. */
import type { History } from './history.ts';
import type { PlantedFault } from './planted-fault.ts';

type OneWrite = History['writes'][number];

/** Replace one write of that outcome, but not the last of them, or take it out. */
function inWrites(kind: OneWrite['outcome']['kind'], replace: (write: OneWrite) => OneWrite | undefined) {
  return (history: History, choice: number): History => {
    const places = history.writes.filter(write => write.outcome.kind === kind).slice(0, -1);
    const place = places[choice % places.length];
    const writes = history.writes.flatMap(write => (write === place ? (replace(write) ?? []) : [write]));
    return { ...history, writes };
  };
}

export const WRITE_FAULTS: readonly PlantedFault[] = [
  {
    name: 'an acknowledged write that is not in the store',
    breaks: 'Acknowledged',
    plant: history => {
      const [first] = history.writes;
      return { ...history, writes: [...history.writes, { ...first!, id: 'lost' }] };
    },
  },
  {
    name: 'a write acknowledged at another revision',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, outcome: { kind: 'acknowledged', revision: 1 } })),
  },
  {
    name: 'a refused write that is in the store',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, outcome: { kind: 'refused' } })),
  },
  {
    name: 'a write of unknown outcome that stands in part',
    breaks: 'Acknowledged',
    plant: inWrites('unknown', write => ({
      ...write,
      changes: [...write.changes, { ...write.changes[0]!, key: 'key-9', to: 'value', value: 1 }],
    })),
  },
  {
    name: 'another value than the one acknowledged',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({
      ...write,
      changes: write.changes.map(change => ({ ...change, to: 'value', value: 'another' })),
    })),
  },
  {
    name: 'a revision that no one wrote',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', () => undefined),
  },
  {
    name: 'a write that took effect before one acknowledged earlier',
    breaks: 'Acknowledged',
    plant: inWrites('acknowledged', write => ({ ...write, sentAt: 1e6, answeredAt: 1e6 + 1 })),
  },
];
