/** The API as the commands use it: reads from the nearest node that answers, writes to the authority. */
import {
  type BulkResult,
  type ClientsQuery,
  type Configuration,
  type ConfigurationMap,
  type ConfigurationUpdate,
  type DeadLetterList,
  type DestroyedVersions,
  type DocumentFormat,
  type EventList,
  type History,
  type InstanceList,
  type PointDiff,
  type PromoteRequestInput,
  type Propagation,
  type RegionList,
  type ReplayRequest,
  type RewrapResult,
  type RollbackRequest,
  type RollbackResult,
  type SchemaList,
  type SchemaResult,
  type SchemaUpdate,
  type SchemaVersionList,
  TRIAL_HEADER,
  type ValidateRequest,
  type ValidateResult,
  type ValueSchema,
  type VersionList,
  type WebhookList,
  type WebhookStatus,
  type WebhookTestResult,
  type WebhookUpdate,
  type WebhookWritten,
} from '@quantivista/contracts';
import { Failure, UsageError } from './fault.ts';
import { createFlagApi, type FlagApi } from './flag-api.ts';
import { type HttpRequest, type Reply, send } from './http.ts';
import type { Settings } from './settings.ts';

type Query = NonNullable<HttpRequest['query']>;
export interface ReadOptions {
  readonly withheld?: boolean;
}
export interface PastQuery extends ReadOptions {
  readonly version?: number | undefined;
  readonly at?: string | undefined;
}

/**
 * Every call throws Failure; those to the authority throw UsageError where none is known, and those that change
 * something Proposed where they have not yet.
 */
export interface Api {
  /** `withheld`: without secrets, also where the caller may see them. */
  readMap(service: string, of?: ReadOptions): Promise<Reply<ConfigurationMap>>;
  readKey(service: string, key: string, of?: ReadOptions): Promise<Reply<Configuration>>;
  /** The newest state, from the authority. */
  presentKey(service: string, key: string, of?: ReadOptions): Promise<Reply<Configuration>>;
  /** `condition`: If-Match or If-None-Match. All that change something may wait `waitS` seconds for the regions. */
  put(
    service: string,
    key: string,
    update: Omit<ConfigurationUpdate, 'rollback_available'>,
    condition?: Readonly<Record<string, string>>,
    waitS?: number,
  ): Promise<Reply<Configuration>>;
  delete(service: string, key: string, reason: string | undefined, waitS?: number): Promise<Reply<undefined>>;
  /** As it was: from the authority. */
  pastMap(service: string, at: string): Promise<Reply<ConfigurationMap>>;
  pastKey(service: string, key: string, of: PastQuery): Promise<Reply<Configuration>>;
  history(query: Query): Promise<Reply<History>>;
  diff(query: Query): Promise<Reply<PointDiff>>;
  versions(
    service: string,
    key: string,
    page: { limit?: number | undefined; before?: number | undefined },
  ): Promise<Reply<VersionList>>;
  rollback(request: RollbackRequest, waitS?: number): Promise<Reply<RollbackResult>>;
  exportDocument(service: string | undefined, format: DocumentFormat): Promise<Reply<string>>;
  /** `maps`: values by key, by service. */
  importMaps(
    maps: Readonly<Record<string, ConfigurationMap>>,
    query: Readonly<Record<string, string | undefined>>,
    waitS?: number,
  ): Promise<Reply<BulkResult>>;
  promote(request: PromoteRequestInput, waitS?: number): Promise<Reply<BulkResult>>;
  schemas(service: string, after?: string): Promise<Reply<SchemaList>>;
  schema(service: string, pattern: string): Promise<Reply<ValueSchema>>;
  schemaVersions(service: string, pattern: string): Promise<Reply<SchemaVersionList>>;
  putSchema(
    service: string,
    pattern: string,
    update: SchemaUpdate,
    force: boolean,
  ): Promise<Reply<SchemaResult>>;
  deleteSchema(service: string, pattern: string, reason: string | undefined): Promise<Reply<undefined>>;
  validate(service: string, request: ValidateRequest): Promise<Reply<ValidateResult>>;
  /** Of a service, or the whole environment. */
  rewrapSecrets(service: string | undefined, reason: string | undefined): Promise<Reply<RewrapResult>>;
  destroySecret(
    service: string,
    key: string,
    versions: readonly number[],
    reason: string | undefined,
  ): Promise<Reply<DestroyedVersions>>;
  regions(): Promise<Reply<RegionList>>;
  /** Who watches the service, or its whole environment. */
  instances(service: string): Promise<Reply<InstanceList>>;
  /** With a page of the clients that it concerns. */
  propagation(revision: number, page?: Partial<ClientsQuery>): Promise<Reply<Propagation>>;
  readonly flags: FlagApi;
  events(page: EventPage): Promise<Reply<EventList>>;
  webhooks(): Promise<Reply<WebhookList>>;
  putWebhook(name: string, update: Partial<WebhookUpdate>): Promise<Reply<WebhookWritten>>;
  deleteWebhook(name: string, reason: string | undefined): Promise<Reply<undefined>>;
  webhookStatus(name: string): Promise<Reply<WebhookStatus>>;
  testWebhook(name: string): Promise<Reply<WebhookTestResult>>;
  replayWebhook(name: string, request: ReplayRequest): Promise<Reply<{ events: number }>>;
  deadLetters(name: string, page: EventPage): Promise<Reply<DeadLetterList>>;
  /** Any request to the authority. */
  call<T>(
    method: NonNullable<HttpRequest['method']>,
    path: string,
    more?: Pick<HttpRequest, 'query' | 'body' | 'waitS'>,
  ): Promise<Reply<T>>;
}

/** From a sequence on. */
export interface EventPage {
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

const webhookPath = (name: string, of = '') => `/api/v1/webhooks/${encodeURIComponent(name)}${of}`;
const secretsOf = ({ withheld }: ReadOptions = {}) => ({ secrets: withheld ? 'withheld' : undefined });
const servicePath = (service: string) => `/api/v1/config/${encodeURIComponent(service)}`;
const keyPath = (service: string, key: string) => `${servicePath(service)}/${encodeURIComponent(key)}`;
const schemasPath = (service: string) => `/api/v1/schemas/${encodeURIComponent(service)}`;
const schemaPath = (service: string, pattern: string) =>
  `${schemasPath(service)}/${encodeURIComponent(pattern)}`;

/** What the caller said of every change. */
const changeHeaders = ({ breakGlass, applyAt, trialS }: Settings): Record<string, string> => ({
  ...(breakGlass && { 'x-config-break-glass': 'true' }),
  ...(applyAt !== undefined && { 'x-config-apply-at': applyAt }),
  ...(trialS !== undefined && { [TRIAL_HEADER]: String(trialS) }),
});

/** @param onTrial told of the proposal that a change on trial is on record as */
export function createApi(settings: Settings, onTrial: (proposalId: string) => void): Api {
  const { authority, nodes, token, tls, environment } = settings;
  const ask = <T>(baseUrl: string, request: HttpRequest) =>
    send<T>(baseUrl, {
      ...request,
      token,
      dispatcher: tls?.dispatcher,
      query: { environment, ...request.query },
    });

  const toAuthority = async <T>(request: HttpRequest) => {
    const headers = {
      ...request.headers,
      ...((request.method ?? 'GET') !== 'GET' && changeHeaders(settings)),
    };
    const reply = await ask<T>(requireAuthority(authority), { ...request, headers });
    if (reply.trial !== undefined) onTrial(reply.trial);
    return reply;
  };

  /** From the first node that answers; one that is unreachable or not ready passes the question on. */
  async function fromNode<T>(request: HttpRequest): Promise<Reply<T>> {
    const servers = nodes.length > 0 ? nodes : [requireAuthority(authority)];
    for (const [index, server] of servers.entries()) {
      try {
        return await ask<T>(server, request);
      } catch (error) {
        const elsewhere = error instanceof Failure && (error.status === undefined || error.status === 503);
        if (!elsewhere || index === servers.length - 1) throw error;
      }
    }
    throw new UsageError('No read node is known');
  }

  return {
    readMap: (service, of) => fromNode({ path: servicePath(service), query: secretsOf(of) }),
    readKey: (service, key, of) => fromNode({ path: keyPath(service, key), query: secretsOf(of) }),
    presentKey: (service, key, of) => toAuthority({ path: keyPath(service, key), query: secretsOf(of) }),
    put: (service, key, body, headers = {}, waitS) =>
      toAuthority({ method: 'PUT', path: keyPath(service, key), body, headers, waitS }),
    delete: (service, key, reason, waitS) =>
      toAuthority({ method: 'DELETE', path: keyPath(service, key), query: { reason }, waitS }),
    pastMap: (service, at) => toAuthority({ path: servicePath(service), query: { at } }),
    pastKey: (service, key, { version, at, ...of }) =>
      toAuthority({ path: keyPath(service, key), query: { version, at, ...secretsOf(of) } }),
    history: query => toAuthority({ path: '/api/v1/config/history', query }),
    diff: query => toAuthority({ path: '/api/v1/config/diff', query }),
    versions: (service, key, page) => toAuthority({ path: `${keyPath(service, key)}/versions`, query: page }),
    rollback: (body, waitS) => toAuthority({ method: 'POST', path: '/api/v1/config/rollback', body, waitS }),
    exportDocument: (service, format) =>
      toAuthority({
        path: '/api/v1/config/export',
        query: { service_name: service, format },
        answer: 'text',
      }),
    importMaps: (body, query, waitS) =>
      toAuthority({ method: 'POST', path: '/api/v1/config/import', query, body, waitS }),
    promote: (body, waitS) => toAuthority({ method: 'POST', path: '/api/v1/config/promote', body, waitS }),
    schemas: (service, after) => toAuthority({ path: schemasPath(service), query: { after, limit: 500 } }),
    schema: (service, pattern) => toAuthority({ path: schemaPath(service, pattern) }),
    schemaVersions: (service, pattern) => toAuthority({ path: `${schemaPath(service, pattern)}/versions` }),
    putSchema: (service, pattern, body, force) =>
      toAuthority({
        method: 'PUT',
        path: schemaPath(service, pattern),
        query: { force: force ? 'true' : undefined },
        body,
      }),
    deleteSchema: (service, pattern, reason) =>
      toAuthority({ method: 'DELETE', path: schemaPath(service, pattern), query: { reason } }),
    validate: (service, body) =>
      toAuthority({ method: 'POST', path: `${schemasPath(service)}/validate`, body }),
    regions: () => toAuthority({ path: '/api/v1/regions' }),
    instances: service => toAuthority({ path: '/api/v1/instances', query: { service_name: service } }),
    propagation: (revision, page = {}) =>
      toAuthority({ path: `/api/v1/propagation/${revision}`, query: page }),
    flags: createFlagApi(toAuthority, fromNode),
    events: page => toAuthority({ path: '/api/v1/events', query: { ...page } }),
    webhooks: () => toAuthority({ path: '/api/v1/webhooks', query: { limit: 500 } }),
    putWebhook: (name, body) => toAuthority({ method: 'PUT', path: webhookPath(name), body }),
    deleteWebhook: (name, reason) =>
      toAuthority({ method: 'DELETE', path: webhookPath(name), query: { reason } }),
    webhookStatus: name => toAuthority({ path: webhookPath(name, '/status') }),
    testWebhook: name => toAuthority({ method: 'POST', path: webhookPath(name, '/test'), body: {} }),
    replayWebhook: (name, body) => toAuthority({ method: 'POST', path: webhookPath(name, '/replay'), body }),
    deadLetters: (name, page) =>
      toAuthority({ path: webhookPath(name, '/dead-letters'), query: { ...page } }),
    rewrapSecrets: (service, reason) =>
      toAuthority({
        method: 'POST',
        path: '/api/v1/secrets/rewrap',
        body: { environment, service_name: service, reason },
      }),
    destroySecret: (service, key, versions, reason) =>
      toAuthority({
        method: 'POST',
        path: '/api/v1/secrets/destroy',
        body: { environment, service_name: service, config_key: key, versions, reason },
      }),
    call: (method, path, more) => toAuthority({ method, path, ...more }),
  };
}

function requireAuthority(authority: string | undefined): string {
  if (authority !== undefined) return authority;
  throw new UsageError('No authority is known: give --authority, set QVC_AUTHORITY, or run ./start first');
}
