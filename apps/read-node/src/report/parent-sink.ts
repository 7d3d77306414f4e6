/** Reports to the region that this one is fed from: its own reporter passes them on. */
import type { AnyParent } from './any-parent.ts';
import type { ReportSink } from './sink.ts';

export const createParentSink = (any: AnyParent): ReportSink => ({
  deliver: report => any(parent => parent.putReport(report)),
  withdraw: region => any(parent => parent.withdrawReport(region)),
  // What was delivered stays with the parents until it has become too old there.
  handOver: () => {},
});
