/** How this node tells its region, and its region the centre, whom it serves and how far it is. */
import type { Scope } from '@quantivista/contracts';
import {
  createPresence,
  createRegionAccessLog,
  createRegionImpressions,
  type RedisAddress,
} from '@quantivista/region';
import type { Certificates, Log, Metrics } from '@quantivista/runtime';
import type { ReadNodeConfig } from '../config.ts';
import type { FeedObserver } from '../feed/feeder.ts';
import type { Replica } from '../follow/replica.ts';
import type { ChildReports } from '../serve/feed/child-reports.ts';
import type { AudienceRecord } from '../serve/watch/audience.ts';
import { createAudienceRecord } from './audience-record.ts';
import { readCommitNote, sinceCommit } from './commit-note.ts';
import { concernedTopics } from './concerned.ts';
import { createHops } from './hops.ts';
import { nodeReport } from './node-report.ts';
import { openSinks } from './open-sink.ts';
import { createNodePresence, type NodePresence } from './presence.ts';
import { createReporter, type Reporter } from './reporter.ts';
import type { Counts } from './tally/hand-over.ts';
import { createNodeTally } from './tally/tally.ts';

const AGE_CHECK_MS = 500;

export interface ReportingOptions {
  readonly config: ReadNodeConfig;
  /** The region's. */
  readonly redis: RedisAddress;
  /** Of this process, for the centre or a parent. */
  readonly certificates: Certificates;
  readonly scope: Scope;
  readonly replica: Replica;
  /** Absent where evaluations are not counted. */
  readonly impressions: Counts | undefined;
  /** What was denied, and which tokens were used. */
  readonly accessCounts: Counts;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Reporting {
  readonly audience: AudienceRecord;
  readonly feedObserver: FeedObserver;
  /** Of the regions that are fed from this one. */
  readonly childReports: ChildReports;
  /** Begin; answers how to end, which takes this node out of its region. */
  start(watchers: () => number): () => Promise<void>;
}

export function createReporting(options: ReportingOptions): Reporting {
  const { config, redis, certificates, scope, replica, metrics, log } = options;
  const { REGION: region, NODE_ID: nodeId, PRESENCE_TTL_MS: ttlMs, REPORT_LEASE_S: leaseS } = config;
  const hops = createHops(metrics);
  const presence = createPresence({ ...redis, region });
  const regionImpressions = createRegionImpressions({ ...redis, region });
  const impressions = createNodeTally({
    kind: 'impressions',
    what: 'evaluations',
    nodeId,
    counts: options.impressions,
    region: regionImpressions,
    windowMs: config.IMPRESSIONS_WINDOW_MS,
    metrics,
    log,
  });
  const regionAccessLog = createRegionAccessLog({ ...redis, region });
  const accessLog = createNodeTally({
    kind: 'access_log',
    what: 'denials and uses of tokens',
    nodeId,
    counts: options.accessCounts,
    region: regionAccessLog,
    windowMs: config.ACCESS_LOG_WINDOW_MS,
    metrics,
    log,
  });
  let nodePresence: NodePresence | undefined;
  let reporter: Reporter | undefined;

  const audience = createAudienceRecord({
    onChange: () => nodePresence?.changed(),
    onAck: afterMs => hops.passed('ack', afterMs),
  });
  replica.listen({
    applied: ({ revision, changes }) => {
      const note = readCommitNote(changes);
      if (!note) return;
      const afterMs = sinceCommit(note);
      hops.passed('node', afterMs);
      audience.applied(revision, afterMs, concernedTopics(changes));
      if (note.awaited) nodePresence?.awaited();
    },
    replaced: (_before, _now, why) => {
      if (why === 'generation_changed') audience.forget();
      nodePresence?.changed();
    },
  });

  const feedObserver: FeedObserver = {
    received: ({ revision, events }) => {
      const note = readCommitNote(events);
      if (!note) return;
      hops.passed('feeder', sinceCommit(note));
      if (note.awaited) reporter?.expect(revision);
    },
    applied: ({ events }) => {
      const note = readCommitNote(events);
      if (note) hops.passed('redis', sinceCommit(note));
    },
  };

  const childReports: ChildReports = {
    put: report => presence.putChildReport(report, leaseS * 1_000),
    remove: child => presence.removeChildReport(child),
    putImpressions: regionImpressions.putChild,
    putAccessLog: regionAccessLog.putChild,
  };

  function start(watchers: () => number): () => Promise<void> {
    const ends: (() => Promise<void>)[] = [];
    if (config.ROLES.includes('serve')) {
      const report = () => nodeReport({ nodeId, replica, audience, watchers });
      nodePresence = createNodePresence({ presence, nodeId, report, ttlMs, log });
      ends.push(running(nodePresence));
      const { changed } = nodePresence;
      const watching = onAgeState(replica.age, changed);
      ends.push(async () => clearInterval(watching));
      for (const { handOver } of [impressions, accessLog]) if (handOver) ends.push(running(handOver));
    }
    if (config.ROLES.includes('feed')) {
      const { sink, impressionSink, accessLogSink, close } = openSinks(config, certificates, scope, log);
      ends.push(running(impressions.carryTo(impressionSink)), running(accessLog.carryTo(accessLogSink)));
      reporter = createReporter({
        region,
        ...(scope.restricted && { environments: scope.environments }),
        nodeId,
        presence,
        sink,
        log,
        lockMs: Math.round(ttlMs / 3),
        intervalMs: config.REPORT_INTERVAL_MS,
        refreshMs: (leaseS * 1_000) / 3,
      });
      const end = running(reporter);
      ends.push(async () => {
        await end();
        close();
      });
    }
    const endAll = async () => {
      // The node first: whether another is left is for the reporter to see.
      for (const end of ends) await end();
    };
    return async () => {
      await endAll();
      presence.close();
      regionImpressions.close();
      regionAccessLog.close();
    };
  }

  return { audience, feedObserver, childReports, start };
}

/** Start a loop; answers how to end it. */
function running(loop: { run(signal: AbortSignal): Promise<void> }): () => Promise<void> {
  const stop = new AbortController();
  const ran = loop.run(stop.signal);
  return async () => {
    stop.abort();
    await ran;
  };
}

/** Call `changed` when the age has come to another state: nothing that arrives tells of that. */
function onAgeState(age: Replica['age'], changed: () => void): NodeJS.Timeout {
  let state = age.state();
  return setInterval(() => {
    if (age.state() === state) return;
    state = age.state();
    changed();
  }, AGE_CHECK_MS);
}
