/** A read node: feeds its region, follows it, serves from memory. */
import process from 'node:process';
import { createScope } from '@quantivista/contracts';
import { createRegionReader, createRegionWriter, scopedRegion } from '@quantivista/region';
import { createLog, createMetrics, createShutdown, parseEnvironment } from '@quantivista/runtime';
import { createApp } from './app.ts';
import { ReadNodeEnvironment } from './config.ts';
import { createFeeder } from './feed/feeder.ts';
import { listStore } from './feed/list-store.ts';
import { openSource } from './feed/open-source.ts';
import { createRepair } from './feed/repair.ts';
import { createDisk } from './follow/disk.ts';
import { createDrift } from './follow/drift.ts';
import { createFollower } from './follow/follower.ts';
import { createRegionCheck } from './follow/region-check.ts';
import { createReplica } from './follow/replica.ts';
import { createReporting } from './report/reporting.ts';
import { createFastLane } from './serve/fast-lane.ts';
import { createParent } from './serve/feed/parent.ts';
import { listen } from './serve/listen.ts';
import { registerNodeMetrics } from './serve/node-metrics.ts';
import { createProblem } from './serve/problem.ts';
import { createReadAccess } from './serve/read-access.ts';
import { isReady, readStatus } from './serve/status.ts';
import { createAdmitter } from './serve/watch/admit.ts';
import { createHub } from './serve/watch/hub.ts';

const config = parseEnvironment(ReadNodeEnvironment, process.env);
const log = createLog('read-node', config.LOG_LEVEL, { node: config.NODE_ID, region: config.REGION });
const shutdown = createShutdown(log);
const stop = new AbortController();
const scope = createScope(config.ENVIRONMENTS);
const regionOptions = { url: config.REDIS_URL, region: scopedRegion(config.REGION, scope) };

const replica = createReplica({ agingMs: config.AGING_AFTER_MS, staleMs: config.STALE_AFTER_MS });
const access = createReadAccess(replica, config.READS);
const metrics = createMetrics();
const reporting = createReporting({ config, replica, metrics, log });
const hub = createHub({
  replica,
  audience: reporting.audience,
  heartbeatMs: config.WATCH_HEARTBEAT_MS,
  softLimitBytes: config.STREAM_BUFFER_BYTES,
  writeTimeoutMs: config.STREAM_WRITE_TIMEOUT_MS,
  budgetBytes: config.STREAM_BUDGET_BYTES,
  maxAgeMs: config.MAX_STREAM_AGE_MS,
  drainMs: config.DRAIN_MS,
});

const feeding = config.ROLES.includes('feed') ? startFeeder() : undefined;
const following = config.ROLES.includes('serve') ? startFollower() : undefined;

function startFeeder() {
  const { source, close } = openSource(config, scope);
  const region = createRegionWriter(regionOptions);
  const feeder = createFeeder({ source, region, log, observer: reporting.feedObserver });
  const repair = createRepair({ list: () => listStore(source), region, log });
  const running = [feeder.run(stop.signal), repair.run(stop.signal)];
  shutdown.onShutdown('feed', async () => {
    stop.abort();
    await Promise.all(running);
    close();
    region.close();
  });
  return { feeder, repair };
}

function startFollower() {
  const region = createRegionReader(regionOptions);
  const historyLength = config.HISTORY_LENGTH;
  const disk = config.SNAPSHOT_PATH
    ? createDisk({
        path: config.SNAPSHOT_PATH,
        replica,
        log,
        intervalMs: config.SNAPSHOT_INTERVAL_MS,
        historyLength,
      })
    : undefined;
  const follower = createFollower({ region, replica, log, historyLength, fallback: disk?.load });
  const drift = createDrift({ region, replica, follower, log });
  const intervalMs = config.CHECK_REGION_MS;
  const regionCheck = createRegionCheck({ region, replica, drift, log, intervalMs });
  const running = [follower, drift, regionCheck, disk].map(each => each?.run(stop.signal));
  shutdown.onShutdown('follow', async () => {
    stop.abort();
    region.close();
    await Promise.all(running);
  });
  return { follower, drift, regionCheck, disk };
}

shutdown.onShutdown(
  'report',
  reporting.start(() => hub.watchers),
);

const parent = createParent({
  region: config.REGION,
  nodeId: config.NODE_ID,
  replica,
  scope,
  maxChildren: config.MAX_CHILDREN,
  pingMs: 500,
});
const parts = {
  nodeId: config.NODE_ID,
  region: config.REGION,
  scope,
  replica,
  feeder: feeding?.feeder,
  repair: feeding?.repair,
  follower: following?.follower,
  drift: following?.drift,
  regionCheck: following?.regionCheck,
  disk: following?.disk,
  hub,
  parent,
};
const fastLane = createFastLane(replica, access);
const admitter = createAdmitter({
  replica,
  scope,
  access,
  hub,
  maxWatchers: config.MAX_WATCHERS,
  maxAdmissionsPerSecond: config.MAX_ADMISSIONS_PER_S,
  maxWaitMs: config.MAX_WAIT_MS,
});
registerNodeMetrics(metrics, parts, fastLane.counts, admitter);
const problem = createProblem(replica);
const app = createApp({
  replica,
  scope,
  access,
  parent,
  ready: () => isReady(parts),
  status: () => readStatus(parts),
  metrics,
  log,
  problem,
  hub,
  admitter,
  maxWaitMs: config.MAX_WAIT_MS,
});
const listener = await listen({
  hostname: config.HOST,
  port: config.PORT,
  fastLane,
  app,
  hub,
  admitter,
  problem,
});
shutdown.onShutdown('serve', listener.close);
shutdown.onShutdown('children', parent.close);
log.info({ url: listener.url, roles: config.ROLES, reads: config.READS }, 'listening');
