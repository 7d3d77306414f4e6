/** A read node: feeds its region, follows it, serves from memory. */
import process from 'node:process';
import { createEtcd } from '@quantivista/etcd';
import { createRegionReader, createRegionWriter } from '@quantivista/region';
import { createLog, createShutdown, parseEnvironment } from '@quantivista/runtime';
import { createApp } from './app.ts';
import { ReadNodeEnvironment } from './config.ts';
import { createFeeder } from './feed/feeder.ts';
import { createFollower } from './follow/follower.ts';
import { createReplica } from './follow/replica.ts';
import { createFastLane } from './serve/fast-lane.ts';
import { listen } from './serve/listen.ts';
import { createNodeMetrics } from './serve/node-metrics.ts';
import { createProblem } from './serve/problem.ts';
import { createReadAccess } from './serve/read-access.ts';
import { isReady, readStatus } from './serve/status.ts';
import { createAdmitter } from './serve/watch/admit.ts';
import { createHub } from './serve/watch/hub.ts';

const config = parseEnvironment(ReadNodeEnvironment, process.env);
const log = createLog('read-node', config.LOG_LEVEL, { node: config.NODE_ID, region: config.REGION });
const shutdown = createShutdown(log);
const stop = new AbortController();
const regionOptions = { url: config.REDIS_URL, region: config.REGION };

const replica = createReplica({ agingMs: config.AGING_AFTER_MS, staleMs: config.STALE_AFTER_MS });
const access = createReadAccess(replica, config.READS);
const hub = createHub({
  replica,
  heartbeatMs: config.WATCH_HEARTBEAT_MS,
  softLimitBytes: config.STREAM_BUFFER_BYTES,
  writeTimeoutMs: config.STREAM_WRITE_TIMEOUT_MS,
  budgetBytes: config.STREAM_BUDGET_BYTES,
  maxAgeMs: config.MAX_STREAM_AGE_MS,
  drainMs: config.DRAIN_MS,
});

const feeder = config.ROLES.includes('feed') ? startFeeder() : undefined;
const follower = config.ROLES.includes('serve') ? startFollower() : undefined;

function startFeeder() {
  if (!config.ETCD_URLS) throw new Error('ETCD_URLS is needed by the role feed');
  const etcd = createEtcd({ hosts: config.ETCD_URLS });
  const region = createRegionWriter(regionOptions);
  const feeder = createFeeder({ etcd, region, log });
  const running = feeder.run(stop.signal);
  shutdown.onShutdown('feed', async () => {
    stop.abort();
    await running;
    etcd.close();
    region.close();
  });
  return feeder;
}

function startFollower() {
  const region = createRegionReader(regionOptions);
  const follower = createFollower({ region, replica, log, historyLength: config.HISTORY_LENGTH });
  const running = follower.run(stop.signal);
  shutdown.onShutdown('follow', async () => {
    stop.abort();
    region.close();
    await running;
  });
  return follower;
}

const parts = { nodeId: config.NODE_ID, region: config.REGION, replica, feeder, follower, hub };
const fastLane = createFastLane(replica, access);
const admitter = createAdmitter({
  replica,
  access,
  hub,
  maxWatchers: config.MAX_WATCHERS,
  maxAdmissionsPerSecond: config.MAX_ADMISSIONS_PER_S,
  maxWaitMs: config.MAX_WAIT_MS,
});
const metrics = createNodeMetrics(parts, fastLane.counts, admitter);
const problem = createProblem(replica);
const app = createApp({
  replica,
  access,
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
log.info({ url: listener.url, roles: config.ROLES, reads: config.READS }, 'listening');
