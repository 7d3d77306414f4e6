/**
 * A network that speaks TLS on every hop: nothing listens in plain, nobody without a certificate is let in where one is
 * asked for, and every certificate and the authority that signs them are replaced under load, without a restart of
 * what is ours.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, connect as tlsConnect } from 'node:tls';
import { createAudit } from '@quantivista/audit';
import type { Configuration, UpdateFrame, WatchFrame } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { createRegionReader } from '@quantivista/region';
import { type CertificateFiles, silentLog, watchCertificates } from '@quantivista/runtime';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createReadNode } from '../../infra/stack/apps.ts';
import { createCa, trust } from '../../infra/stack/certificates.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import type { Runtime } from '../../infra/stack/programs.ts';
import { pemOf } from '../../infra/stack/store-tls.ts';
import { until } from '../../infra/stack/until.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { runQvc } from '../harness/qvc.ts';
import { startWatcher } from '../harness/watcher.ts';

const SERVICE = 'risk_engine';
const KEY = 'limit';
let network: TestNetwork;
const at = (name: string) => join(network.dir, 'tls', name);
/** Of the region that etcd feeds, and of the one that is fed by it. */
const nodes = () => network.regions.flatMap(region => region.nodes);
const apps = () => [network.authority, ...nodes()];
const stores = () => [network.etcd, network.postgres, network.regions[0]!.redis, network.regions[1]!.redis];

beforeAll(async () => {
  network = await startTestNetwork({
    tls: true,
    grpc: true,
    regionNames: ['core'],
    moreRegions: [{ name: 'edge', fedBy: 'core' }],
    runtime: ['bun', 'node'],
    authorityEnv: { LOG_LEVEL: 'info' },
    nodeEnv: { LOG_LEVEL: 'info' },
  });
});
afterAll(() => network?.stop());

/** Until all nodes answer with the value, or a later one. */
const arrives = (value: number) =>
  Promise.all(
    nodes().map(node =>
      until(async () => Number((await network.api(node).get(SERVICE, KEY)).body.config_value) >= value, {
        what: `${node.name} to have ${value}`,
      }),
    ),
  );
let written = 0;
/** One more, tried until it is taken. */
async function write(): Promise<number> {
  const value = ++written;
  await until(async () => (await network.api(network.authority).put(SERVICE, KEY, value)).status === 200, {
    what: `the authority to take ${value}`,
  });
  return value;
}

test('a write reaches every node, fed from etcd or from parents, a watcher, and qvc', async () => {
  const edge = network.regions[1]!.serving;
  const watcher = startWatcher({ nodes: edge.map(({ url }) => url), service: SERVICE });
  try {
    await watcher.frame(({ type }) => type === 'snapshot', 'a snapshot');
    const value = await write();
    await arrives(value);
    const isIt = (frame: WatchFrame): frame is UpdateFrame =>
      frame.type === 'update' && frame.updates.some(({ new_value }) => new_value === value);
    await watcher.frame(isIt, 'the change');
  } finally {
    watcher.close();
  }
  const named = [
    '--authority',
    network.authority.url,
    '--token',
    network.token,
    '-e',
    'production',
    '--json',
  ];
  const qvc = (caFile: string) =>
    runQvc(['get', SERVICE, KEY, ...named, '--ca-file', caFile], { folder: network.dir });
  const { code, out } = await qvc(network.ca!.caFile);
  expect(code).toBe(0);
  expect((JSON.parse(out.join('\n')) as Configuration).config_value).toBe(written);
  const stranger = await qvc(createCa(join(network.dir, 'nobody')).caFile);
  expect(stranger.code).toBe(1);
  expect(stranger.err.join()).toContain('--ca-file');
});

test('every node feeds, on either runtime, from etcd or from parents', async () => {
  const feeding = async (node: Component) => {
    const { feeder } = (await network.api(node).status()).body as { feeder?: { state: string } };
    return feeder?.state === 'watching';
  };
  await Promise.all(nodes().map(node => until(() => feeding(node), { what: `${node.name} to feed` })));
});

/** What a port answers to bytes in plain, until it closes the connection. */
const answerTo = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise(resolve => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const silence = setTimeout(() => socket.destroy(), 2_000);
    socket.on('data', data => {
      answer += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(silence);
      resolve(answer);
    });
  });

test('nothing answers in plain', async () => {
  const http = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const grpcPorts = network.regions.flatMap(({ grpc }) => grpc.map(each => Number(each.split(':')[1])));
  expect(grpcPorts).toHaveLength(4);
  for (const port of [...apps(), network.etcd].map(each => each.port).concat(grpcPorts)) {
    // etcd says that it was sent HTTP where HTTPS is spoken.
    expect(await answerTo(port, http), `${port}`).not.toMatch(/HTTP\/1\.[01] (?!400)/);
    expect(await answerTo(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')).not.toContain(
      '\0\0\0\x04',
    );
  }
  for (const { redis } of network.regions)
    expect(await answerTo(redis.port, 'PING\r\n')).not.toContain('PONG');
  const startup = Buffer.from('\0\0\0\x29\0\x03\0\0user\0quantivista\0database\0x\0\0', 'latin1');
  expect(await answerTo(network.postgres.port, startup)).not.toMatch(/^R/);
});

/** A server whose certificate our authority has signed, for a name that it is not reached by. */
async function startImpostor(): Promise<{ port: number; close(): void }> {
  const files = network.ca!.issue({ name: 'impostor', hosts: ['elsewhere.example'] });
  const server = createServer(pemOf(files), socket => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

describe('the stores', () => {
  /** What the drivers say, each with these certificates at the network's stores, or at another port. */
  async function failures(files: CertificateFiles, port?: number): Promise<Record<string, string>> {
    const certificates = watchCertificates(files, silentLog);
    const etcd = createEtcd({
      hosts: [port === undefined ? network.etcd.url : `https://127.0.0.1:${port}`],
      certificates,
    });
    const url = port === undefined ? network.regions[0]!.redis.url : `rediss://127.0.0.1:${port}`;
    const redis = createRegionReader({ url, region: 'core', certificates });
    const audit = createAudit({ url: network.postgres.url, certificates });
    const said = (call: Promise<unknown>) =>
      call.then(
        () => 'let in',
        (error: Error) => error.message,
      );
    try {
      return {
        etcd: await said(etcd.read(['a'])),
        redis: await said(redis.state()),
        postgres: await said(audit.ping()),
      };
    } finally {
      etcd.close();
      redis.close();
      await audit.close();
      certificates.close();
    }
  }
  const own = (name: string): CertificateFiles => ({
    caFile: network.ca!.caFile,
    certFile: at(`${name}.pem`),
    keyFile: at(`${name}.key`),
  });

  test('let the authority in', async () => {
    expect(await failures(own('authority'))).toEqual({ etcd: 'let in', redis: 'let in', postgres: 'let in' });
  });

  test('let nobody in without a certificate, and Postgres no node', async () => {
    const told = 'does not accept the certificate';
    // What a server says of it is lost now and then, where it resets the connection behind its words.
    const anonymous = await until(
      async () => {
        const said = await failures({ caFile: network.ca!.caFile });
        expect(Object.values(said)).not.toContain('let in');
        return said.etcd?.includes(told) && said.redis?.includes(told) ? said : undefined;
      },
      { what: 'etcd and Redis to say why' },
    );
    expect(anonymous.postgres).toMatch(/does not answer/);
    expect((await failures(own('core-1'))).postgres).toMatch(/does not answer/);
  });

  test('are not believed where another authority has signed, or for another name', async () => {
    // Nor where the environment says that everybody is to be believed.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { caFile } = createCa(join(network.dir, 'another'));
    const untrusted = expect.stringContaining('signed by nobody who is trusted');
    expect(await failures({ ...own('authority'), caFile })).toEqual({
      etcd: untrusted,
      redis: untrusted,
      postgres: untrusted,
    });
    const impostor = await startImpostor();
    try {
      const other = expect.stringContaining('for another name');
      expect(await failures(own('authority'), impostor.port)).toMatchObject({ etcd: other, redis: other });
    } finally {
      impostor.close();
      vi.unstubAllEnvs();
    }
  });
});

test('a node says what is wrong with a link, in its log and its status, and nothing of the certificates', async () => {
  const impostor = await startImpostor();
  const { caFile: another } = createCa(join(network.dir, 'trusted-by-strays'));
  const ports = createPorts();
  const stray = async (name: string, runtime: Runtime, source: Record<string, string>) => {
    const tls = network.ca!.issue({ name });
    const common = {
      REGION: 'stray',
      READS: 'open',
      LOG_LEVEL: 'warn',
      REDIS_URL: network.regions[0]!.redis.url,
    };
    const env = { ...common, ...source };
    return createReadNode({ name, dir: network.dir, port: await ports.next(), runtime, tls, env });
  };
  const FEED_FROM = `https://127.0.0.1:${impostor.port}`;
  const nobody = await stray('stray', 'bun', { LINK_CA_FILE: another, ETCD_URLS: network.etcd.url });
  const misled = [
    await stray('misled-bun', 'bun', { FEED_FROM }),
    await stray('misled-node', 'node', { FEED_FROM }),
  ];
  const strays = [nobody, ...misled];
  type Faults = Record<'feeder' | 'follower', { fault: string | null }>;
  const says = async (node: Component, of: keyof Faults, told: RegExp) => {
    const what = `${node.name} to say what is wrong`;
    await until(async () => told.test(String((await faultsOf(node))[of].fault)), { what });
    const log = readFileSync(node.logFile, 'utf8');
    expect(log).toMatch(told);
    for (const text of [log, JSON.stringify(await faultsOf(node))])
      expect(text).not.toMatch(/BEGIN|PRIVATE|\.key/);
  };
  const faultsOf = async (node: Component) =>
    (await network.api(node).status()).body as Record<string, unknown> & Faults;
  try {
    await Promise.all(strays.map(node => node.start({ wait: false })));
    await says(nobody, 'follower', /region's store does not answer: .* nobody who is trusted/);
    await says(nobody, 'feeder', /region's store does not answer: .* nobody who is trusted/);
    for (const node of misled) await says(node, 'feeder', /no parent to be fed from: .* for another name/);
  } finally {
    await Promise.all(strays.map(node => node.stop()));
    impostor.close();
  }
});

describe('every certificate is replaced while writes flow, and nothing of ours is restarted', () => {
  const pids = () => apps().map(({ pid }) => pid);
  const renewals = (app: Component) => readFileSync(app.logFile, 'utf8').split('certificates renewed').length;
  /** Do what replaces files, and wait until all processes have seen it twice: as servers and for their links. */
  async function replacing(replace: () => void): Promise<void> {
    const before = apps().map(renewals);
    replace();
    trust(network.ca!.caFile);
    const seen = () => apps().every((app, index) => renewals(app) >= before[index]! + 2);
    await until(seen, { what: 'all to have read the files again' });
  }
  const signerAt = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = tlsConnect({ port, host: '127.0.0.1', ca: readFileSync(network.ca!.caFile) }, () => {
        resolve(String(socket.getPeerCertificate().issuer.CN));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const restartStores = async () => {
    for (const store of stores()) await store.restart();
  };

  test('old and new are trusted, then the new alone', async () => {
    const before = pids();
    let flowing = true;
    const flow = (async () => {
      while (flowing) await write();
    })();
    try {
      await replacing(network.ca!.replaceKey);
      await replacing(network.ca!.renew);
      for (const { port } of apps()) expect(await signerAt(port)).toMatch(/ 2$/);
      await restartStores();
      await arrives(await write());
      await replacing(network.ca!.retireKeys);
      // Now they would refuse what was signed by the old key, and so would whoever connects to them.
      await restartStores();
    } finally {
      flowing = false;
      await flow;
    }
    await arrives(await write());
    expect(pids()).toEqual(before);
  });
});
