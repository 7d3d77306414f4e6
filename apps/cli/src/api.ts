/** The API as the commands use it: reads from the nearest node that answers, writes to the authority. */
import type {
  BatchRequest,
  BatchResult,
  ClientsQuery,
  Configuration,
  ConfigurationMap,
  ConfigurationUpdate,
  InstanceList,
  Propagation,
  RegionList,
  RollbackRequest,
  RollbackResult,
  VersionList,
} from '@quantivista/contracts';
import { Failure, UsageError } from './fault.ts';
import { type HttpRequest, type Reply, send } from './http.ts';
import type { Settings } from './settings.ts';

/** Every call throws Failure; those to the authority throw UsageError where none is known. */
export interface Api {
  readMap(service: string): Promise<Reply<ConfigurationMap>>;
  readKey(service: string, key: string): Promise<Reply<Configuration>>;
  /** The newest state, from the authority; empty for a service without values. */
  presentMap(service: string): Promise<Reply<ConfigurationMap>>;
  presentKey(service: string, key: string): Promise<Reply<Configuration>>;
  /** `condition`: If-Match or If-None-Match. All that change something may wait `waitS` seconds for the regions. */
  put(
    service: string,
    key: string,
    update: Omit<ConfigurationUpdate, 'rollback_available'>,
    condition?: Readonly<Record<string, string>>,
    waitS?: number,
  ): Promise<Reply<Configuration>>;
  delete(service: string, key: string, reason: string | undefined, waitS?: number): Promise<Reply<undefined>>;
  versions(
    service: string,
    key: string,
    page: { limit?: number | undefined; before?: number | undefined },
  ): Promise<Reply<VersionList>>;
  rollback(request: RollbackRequest, waitS?: number): Promise<Reply<RollbackResult>>;
  batch(request: Omit<BatchRequest, 'rollback_available'>, waitS?: number): Promise<Reply<BatchResult>>;
  regions(): Promise<Reply<RegionList>>;
  /** Who watches the service, or its whole environment. */
  instances(service: string): Promise<Reply<InstanceList>>;
  /** With a page of the clients that it concerns. */
  propagation(revision: number, page?: Partial<ClientsQuery>): Promise<Reply<Propagation>>;
}

const servicePath = (service: string) => `/api/v1/config/${encodeURIComponent(service)}`;
const keyPath = (service: string, key: string) => `${servicePath(service)}/${encodeURIComponent(key)}`;

export function createApi({ authority, nodes, token, environment }: Settings): Api {
  const ask = <T>(baseUrl: string, request: HttpRequest) =>
    send<T>(baseUrl, { ...request, token, query: { environment, ...request.query } });

  const toAuthority = <T>(request: HttpRequest) => ask<T>(requireAuthority(authority), request);

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
    readMap: service => fromNode({ path: servicePath(service) }),
    readKey: (service, key) => fromNode({ path: keyPath(service, key) }),
    presentMap: service => toAuthority({ path: servicePath(service) }),
    presentKey: (service, key) => toAuthority({ path: keyPath(service, key) }),
    put: (service, key, body, headers = {}, waitS) =>
      toAuthority({ method: 'PUT', path: keyPath(service, key), body, headers, waitS }),
    delete: (service, key, reason, waitS) =>
      toAuthority({ method: 'DELETE', path: keyPath(service, key), query: { reason }, waitS }),
    versions: (service, key, page) => toAuthority({ path: `${keyPath(service, key)}/versions`, query: page }),
    rollback: (body, waitS) => toAuthority({ method: 'POST', path: '/api/v1/config/rollback', body, waitS }),
    batch: (body, waitS) => toAuthority({ method: 'POST', path: '/api/v1/config/batch', body, waitS }),
    regions: () => toAuthority({ path: '/api/v1/regions' }),
    instances: service => toAuthority({ path: '/api/v1/instances', query: { service_name: service } }),
    propagation: (revision, page = {}) =>
      toAuthority({ path: `/api/v1/propagation/${revision}`, query: page }),
  };
}

function requireAuthority(authority: string | undefined): string {
  if (authority !== undefined) return authority;
  throw new UsageError('No authority is known: give --authority, set QVC_AUTHORITY, or run ./start first');
}
