/**
 * Reports to the region that this one is fed from: to whichever of its nodes takes them. All of them keep
 * them in the one Redis of their region, and its own reporter passes them on.
 */
import type { ParentClient } from '../feed/parent-client.ts';
import type { ReportSink } from './sink.ts';

export function createParentSink(parents: readonly ParentClient[]): ReportSink {
  let turn = Math.floor(Math.random() * parents.length);

  /** @throws ServiceError: what the last of them answered, where none has taken it */
  async function any(hand: (parent: ParentClient) => Promise<void>): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        return await hand(parents[turn % parents.length]!);
      } catch (error) {
        turn++;
        if (tried >= parents.length) throw error;
      }
    }
  }

  return {
    deliver: report => any(parent => parent.putReport(report)),
    withdraw: region => any(parent => parent.withdrawReport(region)),
    // What was delivered stays with the parents until it has become too old there.
    handOver: () => {},
  };
}
