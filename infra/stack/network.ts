/** A whole network on this machine: stores, the authority, regions with their nodes. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Endpoints } from '@quantivista/contracts';
import { createAuthority, createReadNode } from './apps.ts';
import { type CertificateAuthority, createCa, trust } from './certificates.ts';
import type { Component } from './component.ts';
import { external } from './external.ts';
import type { NetworkOptions, RegionOptions } from './network-options.ts';
import { createPorts } from './ports.ts';
import { createPostgresServer, servingUrl } from './postgres-server.ts';
import { createSecrets } from './secrets.ts';
import { createStoreLogins, noLogins, type StoreLoginsOptions } from './store-logins.ts';
import { createEtcdCluster, createRedisServer } from './stores.ts';
import type { VaultServer } from './vault-server.ts';

export type { NetworkOptions, Place, RegionOptions } from './network-options.ts';

export interface Region {
  readonly name: string;
  readonly redis: Component;
  /** All nodes, those that only feed among them. */
  readonly nodes: readonly Component[];
  /** The nodes that answer reads. */
  readonly serving: readonly Component[];
  /** Where flagd's clients reach those, host and port; empty unless asked for. */
  readonly grpc: readonly string[];
}

export interface Network {
  /** Its first member. */
  readonly etcd: Component;
  readonly etcdMembers: readonly Component[];
  readonly postgres: Component;
  /** Where secrets are kept in one of the stack's own. */
  readonly vault: VaultServer | undefined;
  /** The first of them. */
  readonly authority: Component;
  readonly authorities: readonly Component[];
  readonly regions: readonly Region[];
  readonly components: readonly Component[];
  /** Who signs its certificates, where it has TLS. */
  readonly ca: CertificateAuthority | undefined;
  /** The admin token. */
  readonly token: string;
  readonly endpoints: Endpoints;
  /** End everything, and delete the stores' data. */
  stop(): Promise<void>;
}

/** Start everything; what was started is ended again if a step fails. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { dir, runtime = 'bun', reads = 'open', onProgress = () => {} } = options;
  const { places = {}, route = (url: string) => url } = options;
  const { regionNames = ['eu-west', 'us-east'], nodeRoles = ['feed,serve', 'feed,serve'] } = options;
  const ports = createPorts(options.portBase);
  const components: Component[] = [];
  const given = process.env;
  const plans: RegionOptions[] = [...regionNames.map(name => ({ name })), ...(options.moreRegions ?? [])];
  // An etcd that is not ours may know a token already: then its file must be named.
  const tokenFile = given.QV_ADMIN_TOKEN_FILE ?? join(dir, 'admin-token');
  mkdirSync(dir, { recursive: true });
  const externalRedis = (name: string) => given[`QV_REDIS_URL_${name.toUpperCase().replaceAll('-', '_')}`];
  const isOurs: StoreLoginsOptions['isOurs'] = store => {
    if (typeof store === 'string') return !given[`QV_${store.toUpperCase()}_URL`];
    return !externalRedis(plans.find(({ name }) => name === store.redisOf)?.redisOf ?? store.redisOf);
  };
  const logins = options.storeUsers
    ? createStoreLogins({ dir: join(dir, 'passwords'), regions: plans, isOurs })
    : noLogins;

  const ca = options.tls ? createCa(join(dir, 'tls')) : undefined;
  if (ca) trust(ca.caFile);
  const identity = (name: string, ...hosts: (string | undefined)[]) =>
    ca?.issue({ name, hosts: ['localhost', '127.0.0.1', ...hosts.filter(host => host !== undefined)] });

  const add = <T extends Component>(component: T): T => {
    components.push(component);
    return component;
  };
  const step = async (name: string, work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    onProgress(name, performance.now() - startedAt);
  };
  const stop = async () => {
    // The apps first: they end cleanly while their stores still answer.
    const [apps, stores] = [components.filter(isApp), components.filter(each => !isApp(each))];
    await Promise.all(apps.map(each => each.stop()));
    await Promise.all(stores.map(each => each.stop()));
    for (const each of stores) each.wipe();
  };
  const appNames = new Set<string>();
  const isApp = (component: Component) => appNames.has(component.name);

  // Ports are taken in a fixed order, so that --port-base gives each part the same one every time.
  const authorityPort = await ports.next();
  const names = ['etcd', 'etcd-2', 'etcd-3', 'etcd-4', 'etcd-5'].slice(0, options.etcdMembers ?? 1);
  const etcdHosts = Object.values(places).map(each => each.etcdHost);
  const etcdMembers = given.QV_ETCD_URL
    ? [external('etcd', given.QV_ETCD_URL)]
    : await createEtcdCluster(names, ports, {
        dir,
        more: etcdHosts,
        tls: identity('etcd', ...etcdHosts),
        tokenTtlS: options.etcdTokenTtlS,
        quotaBytes: options.etcdQuotaBytes,
      });
  for (const member of etcdMembers) add(member);
  const etcd = etcdMembers[0]!;
  const postgres = add(
    given.QV_POSTGRES_URL
      ? external('postgres', given.QV_POSTGRES_URL)
      : createPostgresServer({
          name: 'postgres',
          dir,
          port: await ports.next(),
          tls: identity('postgres'),
          passwords: logins.postgres,
        }),
  );
  const secrets = await createSecrets(options.secrets ?? 'keyring', dir, ports, identity);
  if (secrets.vault) add(secrets.vault);
  const etcdUrls = (host?: string) =>
    etcdMembers.map(each => (host ? `${ca ? 'https' : 'http'}://${host}:${each.port}` : each.url)).join(',');
  const authorityEnv = {
    ETCD_URLS: etcdUrls(),
    READS: reads,
    POSTGRES_URL: given.QV_POSTGRES_URL ?? servingUrl(postgres.url),
    POSTGRES_MIGRATE_URL: postgres.url,
    ADMIN_TOKEN_FILE: tokenFile,
    ...logins.authority,
    ...secrets.settings('authority'),
    ...options.authorityEnv,
  };
  const addAuthority = (name: string, port: number) => {
    appNames.add(name);
    return add(createAuthority({ name, dir, port, runtime: 'node', tls: identity(name), env: authorityEnv }));
  };
  const authority = addAuthority('authority', authorityPort);
  const regions: Region[] = [];
  const regionNamed = (name: string) => {
    const found = regions.find(region => region.name === name);
    if (!found) throw new Error(`there is no region ${name} before those that name it`);
    return found;
  };
  for (const { name, fedBy, environments, redisOf } of plans) {
    const url = externalRedis(name);
    const redisName = `redis-${name}`;
    const users = plans.filter(plan => plan.name === name || plan.redisOf === name).map(plan => plan.name);
    const { netns, host, etcdHost } = places[name] ?? {};
    const redis =
      redisOf !== undefined
        ? regionNamed(redisOf).redis
        : add(
            url
              ? external(redisName, url)
              : createRedisServer({
                  name: redisName,
                  dir,
                  port: await ports.next(),
                  host,
                  netns,
                  tls: identity(redisName, host),
                  aclFile: logins.redisAcl(redisName, users),
                }),
          );
    const redisSettings = logins.node(name, await route(redis.url, name));
    const source =
      fedBy === undefined
        ? { ETCD_URLS: await route(etcdUrls(etcdHost), name), ...logins.feeder(name) }
        : {
            FEED_FROM: regionNamed(fedBy)
              .serving.map(node => node.url)
              .join(),
            FEED_TOKEN_FILE: tokenFile,
          };
    const nodes: Component[] = [];
    const grpc: string[] = [];
    for (const [index, roles] of nodeRoles.entries()) {
      const nodeName = `${name}-${index + 1}`;
      appNames.add(nodeName);
      const port = await ports.next();
      const grpcPort = options.grpc ? await ports.next() : undefined;
      if (grpcPort !== undefined && roles.includes('serve')) grpc.push(`${host ?? '127.0.0.1'}:${grpcPort}`);
      const env = {
        ...source,
        GRPC_PORT: grpcPort?.toString(),
        READS: reads,
        ENVIRONMENTS: environments?.join(),
        REGION: name,
        ...redisSettings,
        ROLES: roles,
        NODE_ID: nodeName,
        ...secrets.settings('node'),
        ...options.nodeEnv,
      };
      const itsRuntime = typeof runtime === 'string' ? runtime : runtime[index]!;
      nodes.push(
        add(
          createReadNode({
            name: nodeName,
            dir,
            port,
            host,
            netns,
            runtime: itsRuntime,
            tls: identity(nodeName, host),
            env,
          }),
        ),
      );
    }
    regions.push({
      name,
      redis,
      nodes,
      grpc,
      serving: nodes.filter((_, index) => nodeRoles[index]!.includes('serve')),
    });
  }

  const authorities = [authority];
  for (let count = 2; count <= (options.authorityCount ?? 1); count++)
    authorities.push(addAuthority(`authority-${count}`, await ports.next()));

  let token: string;
  try {
    await step(`etcd, Postgres and Redis${secrets.vault ? ', Vault' : ''}`, async () => {
      await Promise.all(components.filter(each => !isApp(each)).map(each => each.start()));
      await Promise.all([secrets.setUp(), logins.setUpEtcd(etcd.url, identity('operator'))]);
    });
    await step('the authority and the read nodes', () =>
      Promise.all([...authorities, ...regions.flatMap(region => region.nodes)].map(each => each.start())),
    );
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoints: Endpoints = {
    authority: authority.url,
    regions: regions.map(({ name, redis, serving, grpc }) => ({
      name,
      redis: redis.url,
      nodes: serving.map(({ url }) => url),
      ...(grpc.length > 0 && { grpc }),
    })),
    etcd: etcd.url,
    postgres: postgres.url,
    ...(ca && { ca_file: ca.caFile }),
    token,
  };
  const { vault } = secrets;
  const parts = { etcd, etcdMembers, postgres, vault, authority, authorities, regions, components, ca };
  return { ...parts, token, endpoints, stop };
}
