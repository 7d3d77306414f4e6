/** The authority: takes every write, recovers what was left undone, keeps the heartbeat. */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import {
  ACCESS_LOG_PREFIX,
  AccessLogBundle,
  DELETED_PREFIX,
  PROTECTION_PREFIX,
  pathsForAnyone,
  SCHEMAS_PREFIX,
} from '@quantivista/contracts';
import { createClientCertificates, createIssuers, readIssuers } from '@quantivista/issuers';
import {
  answerHelp,
  createFaultPoint,
  createLog,
  createMetrics,
  createRequestRates,
  createShutdown,
  logCrashes,
  openServerTls,
  parseEnvironment,
  registerCertificateMetrics,
  STORES_LIMIT_MS,
  watchLinkCertificates,
} from '@quantivista/runtime';
import { openSecretStore } from '@quantivista/vault';
import { createApp } from './app.ts';
import { createCallers } from './callers.ts';
import { createCalls } from './calls.ts';
import { AUTHORITY_SETTINGS, AuthorityEnvironment } from './config.ts';
import { createOutbound } from './deliver/outbound.ts';
import { createDenials } from './denials.ts';
import { createProjection } from './flags/projection.ts';
import { createUsage } from './flags/usage/usage.ts';
import { createPrefixFollower } from './follow/prefix-follower.ts';
import { createStoreView } from './follow/record-view.ts';
import { createStoreFollower } from './follow/store-follower.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createPast } from './history/past.ts';
import { createLeadership } from './lead/leadership.ts';
import { meterWriter } from './metered-writer.ts';
import { createIntake } from './network/intake.ts';
import { registerNetworkMetrics } from './network/network-metrics.ts';
import { createRegions } from './network/regions.ts';
import { createRegionWait } from './network/wait.ts';
import { createGuard } from './propose/guard.ts';
import { createProposals } from './propose/proposals.ts';
import { protectionRule } from './propose/protection-rule.ts';
import { createSchedule } from './propose/schedule.ts';
import { createTrialEnds } from './propose/trial-end.ts';
import { createTrials } from './propose/trials.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { createRecovery } from './recover/recovery.ts';
import { registerEvidenceMetrics } from './seal/evidence-metrics.ts';
import { createSealer } from './seal/sealer.ts';
import { createSecretReads } from './secrets/secret-reads.ts';
import { createSecretValues } from './secrets/secret-values.ts';
import { startServer } from './server.ts';
import { openStores } from './stores.ts';
import { createTokenUse } from './token-use.ts';
import { createWriter } from './write/commit.ts';
import { createFlagRule } from './write/flag-rule.ts';
import { queueWrites } from './write/queue.ts';
import { createSchemaRule } from './write/schemas/rule.ts';
import { createSchemaReader } from './write/schemas/service-schemas.ts';

await answerHelp(process.argv, 'The authority of QuantiVista Config: takes every write.', AUTHORITY_SETTINGS);
const config = parseEnvironment(AuthorityEnvironment, process.env);
const log = createLog('authority', config.LOG_LEVEL);
logCrashes(log);
const shutdown = createShutdown(log);
const tls = openServerTls(config, log);
shutdown.onShutdown('certificates', () => tls?.close());
const stop = new AbortController();

const linkCertificates = watchLinkCertificates(config, log);
shutdown.onShutdown('link certificates', linkCertificates.close);
const stores = openStores(config, linkCertificates, log);
shutdown.onShutdown('stores', stores.close, STORES_LIMIT_MS);
const { etcd, audit, evidence, adminToken } = stores;
await stores.ready();

const metrics = createMetrics();
registerCertificateMetrics(metrics, { server: tls?.certificates, link: linkCertificates });
const store = createStoreFollower({ etcd, log, checkListMs: config.CHECK_LIST_MS });
/** What writes are planned from, besides what is distributed. */
const own = [DELETED_PREFIX, SCHEMAS_PREFIX, PROTECTION_PREFIX].map(prefix =>
  createPrefixFollower({ etcd, log, prefix }),
);
const heartbeat = createHeartbeat({
  etcd,
  audit,
  log,
  store,
  intervalMs: config.HEARTBEAT_INTERVAL_MS,
  // A store that was wiped or restored may not know the token any more.
  onGeneration: adminToken.ensure,
});
const recovery = createRecovery({
  etcd,
  audit,
  log,
  afterMs: config.RECOVER_AFTER_MS,
  intervalMs: config.RECOVER_INTERVAL_MS,
});
metrics.observed(
  'qv_recovered_intents_total',
  'operations given an outcome after their writer died',
  () => recovery.recovered,
);
metrics.observed('qv_heartbeat_sequence', 'heartbeats put', () => heartbeat.sequence);
metrics.observed(
  'qv_authority_list_differences_total',
  'times a list of etcd differed from what the watch had made',
  () => store.differences,
);

const leadership = createLeadership({ etcd, log, name: randomUUID() });
metrics.observed('qv_leading', '1 where this authority does what one of them does', () =>
  Number(leadership.leading),
);

const projection = createProjection({ etcd, table: audit.flagProjection, leadership, log });
const usage = createUsage({ etcd, audit, leadership, config, metrics, log });
const faultPoint = createFaultPoint(config.FAULT_POINT);
const behindWrites = { etcd, audit, evidence, log, leadership };
const sealer = createSealer({ ...behindWrites, intervalMs: config.SEAL_INTERVAL_MS, faultPoint });
const reconciler = createReconciler({
  ...behindWrites,
  adminToken,
  intervalMs: config.RECONCILE_INTERVAL_MS,
});
registerEvidenceMetrics(metrics, sealer, reconciler);

const regions = createRegions({ etcd, log });
const regionWait = createRegionWait(regions);
registerNetworkMetrics(metrics, regions);

const secretStore = await openSecretStore(config, log);
shutdown.onShutdown('secrets', () => secretStore?.close());
if (secretStore)
  metrics.observed('qv_secret_store_ready', '1 while the store of secrets answers', () =>
    Number(secretStore.status().state === 'ready'),
  );
const secrets = createSecretValues(secretStore);

const schemas = createSchemaReader(createStoreView(etcd));
const rules = [protectionRule, createSchemaRule(schemas), createFlagRule(etcd)];
const immediate = meterWriter(
  queueWrites(createWriter({ etcd, audit, faultPoint, secrets, rules, followed: [store, ...own] })),
  metrics,
);
const calls = createCalls();
const vouchers = readIssuers(config.ISSUERS_FILE);
const issuers = createIssuers({ settings: vouchers.issuers, log });
const clientCertificates = tls?.asksClients
  ? createClientCertificates({ settings: vouchers.certificates, trusted: tls.certificates })
  : undefined;
shutdown.onShutdown('issuers', issuers.close);
const tokenUse = createTokenUse({ write: audit.tokenUses.note, log });
const denials = createDenials({ write: audit.denials.add, metrics, log });
const accessLog = createIntake({
  kind: 'access_log',
  prefix: ACCESS_LOG_PREFIX,
  schema: AccessLogBundle,
  take: audit.accessLog.take,
  intervalMs: config.ACCESS_LOG_INTERVAL_MS,
  etcd,
  leadership,
  metrics,
  log,
});
const writer = createGuard({ etcd, writer: immediate, calls, regions, metrics, log });
const proposals = createProposals({ etcd, writer: immediate, regions });
const schedule = createSchedule({ etcd, log, proposals, leadership });
const ends = createTrialEnds({ proposals, writer: immediate, past: createPast(stores), audit });
const trials = createTrials({ etcd, log, ends, regions, leadership, metrics });
metrics.observed('qv_scheduled_proposals', 'proposals that wait for their time', () => schedule.waiting);
const outbound = createOutbound({
  config,
  certificates: linkCertificates,
  etcd,
  audit,
  writer: immediate,
  regions,
  leadership,
  metrics,
  log,
});
shutdown.onShutdown('outbound', outbound.close);

const rates = createRequestRates(config);
metrics.observedBy('qv_rate_limited_total', 'requests refused since too many came', 'of', () => [
  ['callers', rates.callers.refused],
  ['strangers', rates.strangers.refused],
]);
const callers = createCallers({ etcd, issuers, denials, tokenUse, rates });
const app = createApp({
  etcd,
  adminToken,
  audit,
  evidence,
  writer,
  schemas,
  immediate,
  proposals,
  callers,
  secretStore,
  secrets,
  secretReads: createSecretReads({ callers, secrets, log }),
  calls,
  denials,
  heartbeat,
  recovery,
  regions,
  regionWait,
  projection,
  usage,
  webhooks: outbound.webhooks,
  metrics,
  log,
  reads: config.READS,
  forAnyone: pathsForAnyone(config.READS, config.OPEN_ENDPOINTS),
});

const loops = [
  store,
  ...own,
  heartbeat,
  recovery,
  leadership,
  regions,
  schedule,
  trials,
  projection,
  usage,
  sealer,
  reconciler,
  outbound.delivery,
  denials,
  accessLog,
  tokenUse,
].map(each => each.run(stop.signal));
const endLoops = async () => {
  stop.abort();
  await Promise.all(loops);
};
shutdown.onShutdown('loops', endLoops, STORES_LIMIT_MS);
const server = startServer({ app, config, tls, clientCertificates, log });
shutdown.onShutdown('server', () => new Promise<void>(resolve => void server.close(() => resolve())));
// Before the server, which waits for the requests that were begun.
shutdown.onShutdown('waits', regionWait.release);
