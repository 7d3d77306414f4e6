/** A read node: feeds its region, follows it, serves from memory. */
import process from 'node:process';
import { createScope, pathsForAnyone } from '@quantivista/contracts';
import { createClientCertificates, createIssuers, readIssuers } from '@quantivista/issuers';
import { scopedRegion } from '@quantivista/region';
import {
  answerHelp,
  createLog,
  createMetrics,
  createRequestRates,
  createShutdown,
  logCrashes,
  openServerTls,
  parseEnvironment,
  passwordFile,
  registerCertificateMetrics,
  STORES_LIMIT_MS,
  watchLinkCertificates,
} from '@quantivista/runtime';
import { openSecretStore } from '@quantivista/vault';
import { createApp } from './app.ts';
import { READ_NODE_SETTINGS, ReadNodeEnvironment } from './config.ts';
import { startFeeding } from './feed/feeding.ts';
import { startFollowing } from './follow/following.ts';
import { createReplica } from './follow/replica.ts';
import { createAccessCounts } from './report/access-counts.ts';
import { createReporting } from './report/reporting.ts';
import { createOpenedSecrets } from './secrets/opened-secrets.ts';
import { positionHeaders } from './serve/answer.ts';
import { createBodies } from './serve/bodies.ts';
import { createNodeDenials } from './serve/denials.ts';
import { createFastLane } from './serve/fast-lane.ts';
import { createParent } from './serve/feed/parent.ts';
import { listenGrpc } from './serve/flagd/grpc-server.ts';
import { createSync } from './serve/flagd/sync.ts';
import { createSyncStreams } from './serve/flagd/sync-streams.ts';
import { createEvaluator } from './serve/flags/evaluator.ts';
import { createHeldFlags } from './serve/flags/held-flags.ts';
import { registerImpressionMetrics } from './serve/flags/impression-metrics.ts';
import { createImpressions } from './serve/flags/impressions.ts';
import { createNoticeSource } from './serve/flags/ofrep/notice-source.ts';
import { createOfrep } from './serve/flags/ofrep/ofrep.ts';
import { listen } from './serve/listen.ts';
import { registerNodeMetrics } from './serve/node-metrics.ts';
import { createOrigins } from './serve/origins.ts';
import { createProblem } from './serve/problem.ts';
import { createReadAccess } from './serve/read-access.ts';
import { flagsResource } from './serve/readable.ts';
import { createSecretAnswers } from './serve/secret-answers.ts';
import { createStateFor } from './serve/state-for.ts';
import { isReady, readStatus } from './serve/status.ts';
import { createAdmitter } from './serve/watch/admit.ts';
import { createHub } from './serve/watch/hub.ts';

await answerHelp(
  process.argv,
  'A read node of QuantiVista Config: feeds its region, follows it, serves from memory.',
  READ_NODE_SETTINGS,
);
const config = parseEnvironment(ReadNodeEnvironment, process.env);
const log = createLog('read-node', config.LOG_LEVEL, { node: config.NODE_ID, region: config.REGION });
logCrashes(log);
const shutdown = createShutdown(log);
const scope = createScope(config.ENVIRONMENTS);
const linkCertificates = watchLinkCertificates(config, log);
shutdown.onShutdown('link certificates', linkCertificates.close);
const redis = {
  url: config.REDIS_URL,
  password: passwordFile(config.REDIS_PASSWORD_FILE),
  certificates: linkCertificates,
};
const regionOptions = {
  ...redis,
  region: scopedRegion(config.REGION, scope),
  streamBytes: config.HISTORY_BYTES,
};

const replica = createReplica({ agingMs: config.AGING_AFTER_MS, staleMs: config.STALE_AFTER_MS });
const tls = openServerTls(config, log);
shutdown.onShutdown('certificates', () => tls?.close());
const vouchers = readIssuers(config.ISSUERS_FILE);
const issuers = createIssuers({ settings: vouchers.issuers, log });
shutdown.onShutdown('issuers', issuers.close);
const clientCertificates = tls?.asksClients
  ? createClientCertificates({ settings: vouchers.certificates, trusted: tls.certificates })
  : undefined;
const denials = createNodeDenials(log);
const rates = createRequestRates(config);
const access = createReadAccess(replica, config.READS, { issuers, clientCertificates, denials, rates });
const flags = createHeldFlags(replica);
const impressions = config.IMPRESSIONS === 'on' ? createImpressions(flags) : undefined;
const metrics = createMetrics();
registerImpressionMetrics(metrics, impressions);
registerCertificateMetrics(metrics, { server: tls?.certificates, link: linkCertificates });
const reporting = createReporting({
  config,
  redis,
  certificates: linkCertificates,
  scope,
  replica,
  impressions,
  accessCounts: createAccessCounts(denials, access),
  metrics,
  log,
});
const hub = createHub({
  replica,
  access,
  audience: reporting.audience,
  notices: createNoticeSource(replica, flags, access),
  heartbeatMs: config.WATCH_HEARTBEAT_MS,
  softLimitBytes: config.STREAM_BUFFER_BYTES,
  writeTimeoutMs: config.STREAM_WRITE_TIMEOUT_MS,
  budgetBytes: config.STREAM_BUDGET_BYTES,
  maxAgeMs: config.MAX_STREAM_AGE_MS,
  drainMs: config.DRAIN_MS,
});

const secretStore = await openSecretStore(config, log);
const secrets = secretStore && createOpenedSecrets({ replica, store: secretStore, log });
const secretAnswers = secrets && createSecretAnswers(replica, secrets);
shutdown.onShutdown('secrets', () => secrets?.close());

const feeding = config.ROLES.includes('feed')
  ? startFeeding({
      config,
      certificates: linkCertificates,
      scope,
      regionOptions,
      observer: reporting.feedObserver,
      log,
    })
  : undefined;
const following = config.ROLES.includes('serve')
  ? startFollowing({ config, scope, regionOptions, replica, log })
  : undefined;
const endReporting = reporting.start(() => hub.watchers);
const endRegion = async () => {
  // At once: none waits for another, and each may wait for a store. Where those do not answer, the others find out by
  // themselves that this node is gone.
  await Promise.all([endReporting(), feeding?.end(), following?.end()]);
};
shutdown.onShutdown('region', endRegion, STORES_LIMIT_MS);

const sync = createSync({
  access,
  scope,
  maxStreams: config.MAX_SYNC_STREAMS,
  streams: createSyncStreams({
    flags,
    isAllowed: (credential, { service }) =>
      access.reader(credential)?.decide(flagsResource(service)).allowed ?? false,
    maxAgeMs: config.MAX_STREAM_AGE_MS,
    drainMs: config.DRAIN_MS,
    writeTimeoutMs: config.STREAM_WRITE_TIMEOUT_MS,
    budgetBytes: config.STREAM_BUDGET_BYTES,
  }),
});
const grpc =
  config.GRPC_PORT === undefined
    ? undefined
    : await listenGrpc({ hostname: config.HOST, port: config.GRPC_PORT, tls, clientCertificates, sync });

const parent = createParent({
  region: config.REGION,
  nodeId: config.NODE_ID,
  replica,
  scope,
  maxChildren: config.MAX_CHILDREN,
  pingMs: 500,
});
access.listen(parent.look);
const parts = {
  nodeId: config.NODE_ID,
  region: config.REGION,
  scope,
  replica,
  feeding,
  following,
  hub,
  parent,
  sync,
  grpcPort: grpc?.port,
  secrets,
};
const fastLane = createFastLane({ replica, access, flags, secretAnswers });
const stateFor = createStateFor({ replica, scope, maxWaitMs: config.MAX_WAIT_MS });
const ofrepOrigins = createOrigins(config.OFREP_ORIGINS ?? (config.READS === 'token' ? ['*'] : []));
const streamOrigins = createOrigins(config.STREAM_ORIGINS);
const ofrep = createOfrep({
  replica,
  access,
  flags,
  evaluator: createEvaluator({ impressions }),
  origins: ofrepOrigins,
  stateFor,
  log,
});
const bodies = createBodies({
  maxBytes: config.OFREP_MAX_BODY_BYTES,
  budgetBytes: config.OFREP_BODIES_BUDGET_BYTES,
  timeoutMs: config.OFREP_BODY_TIMEOUT_MS,
});
const admitter = createAdmitter({
  replica,
  scope,
  access,
  hub,
  origins: { topics: streamOrigins, notices: ofrepOrigins },
  maxWatchers: config.MAX_WATCHERS,
  maxAdmissionsPerSecond: config.MAX_ADMISSIONS_PER_S,
  maxWaitMs: config.MAX_WAIT_MS,
});
registerNodeMetrics(metrics, parts, fastLane.counts, ofrep.counts, admitter, denials, rates);
const problem = createProblem(replica);
const app = createApp({
  region: config.REGION,
  replica,
  access,
  flags,
  impressions,
  secretAnswers,
  parent,
  childReports: reporting.childReports,
  forAnyone: pathsForAnyone(config.READS, config.OPEN_ENDPOINTS),
  ready: () => isReady(parts),
  status: () => readStatus(parts),
  metrics,
  log,
  problem,
  hub,
  admitter,
  stateFor,
});
const listener = await listen({
  hostname: config.HOST,
  port: config.PORT,
  tls,
  clientCertificates,
  limits: config,
  fastLane,
  ofrep,
  bodies,
  app,
  hub,
  admitter,
  streamHeaders: origin => ({ ...positionHeaders(replica), ...streamOrigins.headers(origin) }),
  problem,
});
shutdown.onShutdown('serve', async () => void (await Promise.all([listener.close(), grpc?.close()])));
shutdown.onShutdown('children', parent.close);
log.info({ url: listener.url, grpcPort: grpc?.port, roles: config.ROLES, reads: config.READS }, 'listening');
