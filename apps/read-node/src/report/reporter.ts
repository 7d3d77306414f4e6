/**
 * Reports for the region: gathers what its nodes say of themselves, and hands on one report of them all, and
 * those of the regions that are fed from this one. Any number may run; one at a time works, but two do no harm.
 */
import type { Environment, NodeReport, RegionReport } from '@quantivista/contracts';
import type { Presence } from '@quantivista/region';
import { createOutage, type Log } from '@quantivista/runtime';
import { createAlarm } from './alarm.ts';
import { createExpectations } from './expectations.ts';
import { createMembers } from './members.ts';
import { assemble, fit, substance } from './region-report.ts';
import type { ReportSink } from './sink.ts';

export interface ReporterOptions {
  readonly region: string;
  /** Those held; all where absent. */
  readonly environments?: readonly Environment[] | undefined;
  /** Of the node that this one runs in. */
  readonly nodeId: string;
  readonly presence: Presence;
  readonly sink: ReportSink;
  readonly log: Log;
  /** So long after it was last heard of a reporter counts as gone. */
  readonly lockMs: number;
  /** Shortest time between two reports that nobody waits for. */
  readonly intervalMs: number;
  /** Longest time between two reports. */
  readonly refreshMs: number;
}

export interface Reporter {
  /** Somebody waits until the whole region has this revision: say so as soon as it has. */
  expect(revision: number): void;
  /** Runs until `signal` aborts, and then takes the region back where no node is left. Never throws. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often the nodes are asked for while nobody waits. */
const IDLE_MS = 250;
const FAILED_MS = 1_000;
/** Of a request to etcd; what does not fit is cut. */
const MAX_BYTES = 512 * 1024;

/** A report, and what of it is news. */
interface Draft {
  readonly of: readonly NodeReport[];
  readonly report: RegionReport;
  readonly substance: string;
  readonly nodes: string;
}

export function createReporter(options: ReporterOptions): Reporter {
  const { nodeId, presence, sink, log, lockMs, intervalMs, refreshMs } = options;
  const { region, environments } = options;
  const about = { region, ...(environments && { environments: [...environments] }), reporter: nodeId };
  const alarm = createAlarm();
  const expected = createExpectations();
  /** The same, of the regions that are fed from this one. */
  const expectedOfChildren = createExpectations();
  const members = createMembers({ presence, nodeId, lockMs });
  let draft: Draft | undefined;
  let delivered: { readonly draft: Draft; readonly at: number } | undefined;
  /** What was passed on of each region that is fed from this one. */
  const passedOn = new Map<string, string>();

  /** Another reporter goes on, or may try. */
  function stepBack(): void {
    delivered = undefined;
    passedOn.clear();
    sink.handOver();
  }

  /** Drawn up once for what was gathered: while somebody waits, this is asked for every few milliseconds. */
  function drawUp(): Draft {
    const of = members.nodes;
    if (draft?.of === of) return draft;
    const report = assemble(about, of);
    const nodes = of.map(node => node.node_id).join(' ');
    draft = { of, report, substance: substance(report), nodes };
    return draft;
  }

  async function deliverOwn(): Promise<void> {
    const now = drawUp();
    const before = delivered?.draft;
    const at = performance.now();
    const sinceMs = delivered ? at - delivered.at : Number.POSITIVE_INFINITY;
    const isDue =
      expected.reachedBy(now.report.revision) ||
      now.nodes !== before?.nodes ||
      (now.substance !== before.substance && sinceMs >= intervalMs) ||
      sinceMs >= refreshMs;
    if (!isDue) return;
    await sink.deliver(fit({ ...now.report, at: Date.now() }, MAX_BYTES));
    delivered = { draft: now, at };
    expected.met(now.report.revision);
  }

  /** They come at the pace that their own reporters keep. */
  async function passOnChildren(): Promise<void> {
    const { children } = members;
    for (const child of children) {
      const text = JSON.stringify(child);
      if (passedOn.get(child.region) === text) continue;
      await sink.deliver(child);
      passedOn.set(child.region, text);
    }
    for (const gone of passedOn.keys()) {
      if (children.some(child => child.region === gone)) continue;
      await sink.withdraw(gone);
      passedOn.delete(gone);
    }
    expectedOfChildren.met(Math.min(...children.map(child => child.revision ?? 0)));
  }

  /** One look at the region; answers how long until the next. */
  async function look(): Promise<number> {
    if ((await members.look()) === 'another') {
      stepBack();
      expected.forget();
      expectedOfChildren.forget();
      return IDLE_MS;
    }
    try {
      await deliverOwn();
      await passOnChildren();
    } catch (error) {
      // The way from here may be cut, and not the way from another node.
      stepBack();
      await presence.release(nodeId).catch(() => {});
      throw error;
    }
    return Math.min(expected.patienceMs(), expectedOfChildren.patienceMs(), IDLE_MS);
  }

  /** The last of a region's nodes takes its report along, whoever had put it. */
  async function end(): Promise<void> {
    if ((await presence.nodes()).length === 0) {
      // Delivered once more, so that it is this reporter's to take back.
      await sink.deliver(assemble(about, []));
      await sink.withdraw(region);
    } else stepBack();
    await presence.release(nodeId);
  }

  return {
    expect: revision => {
      expected.add(revision);
      expectedOfChildren.add(revision);
      alarm.within(0);
    },
    run: async signal => {
      const outage = createOutage(log, 'the region is not reported');
      while (!signal.aborted) {
        try {
          alarm.within(await look());
          outage.over();
        } catch (error) {
          outage.failed(error);
          alarm.within(FAILED_MS);
        }
        await alarm.ring(signal);
      }
      await end().catch(error => log.warn({ err: error }, 'the region was not taken back'));
    },
  };
}
