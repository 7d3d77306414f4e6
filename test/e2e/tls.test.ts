/**
 * TLS at everything that listens, and callers by their certificates: at the authority, at nodes of both runtimes that
 * ask for certificates and at one that does not, which Bun serves in another way.
 */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReadNode } from '../../infra/stack/apps.ts';
import { type CertificateFiles, createCa, trust } from '../../infra/stack/certificates.ts';
import type { Component } from '../../infra/stack/component.ts';
import { createPorts } from '../../infra/stack/ports.ts';
import { until } from '../../infra/stack/until.ts';
import { createSyncClient } from '../harness/flagd-sync.ts';
import { startTestNetwork, type TestNetwork } from '../harness/network.ts';
import { createTlsClient, shownAt, type TlsClient } from '../harness/tls-client.ts';

const dir = mkdtempSync(join(tmpdir(), 'qv-tls-'));
const ca = createCa(join(dir, 'ca'));
const otherCa = createCa(join(dir, 'other'));
const DOMAIN = 'spiffe://prod.example';
const issued = (name: string) => ca.issue({ name, uri: `${DOMAIN}/${name}`, hosts: [] });

/** What the servers read; replaced in the course of the test. */
const file = (name: string) => join(dir, name);
/** Renamed into place, one file after the other. */
function serve({ certFile, keyFile }: CertificateFiles) {
  for (const [from, to] of [
    [certFile, 'server.pem'],
    [keyFile, 'server.key'],
  ] as const) {
    copyFileSync(from, file(`${to}.new`));
    renameSync(file(`${to}.new`), file(to));
  }
}
const serverNames = ca.issue({ name: 'server' });
serve(serverNames);
copyFileSync(ca.caFile, file('clients.pem'));
writeFileSync(
  file('issuers.json'),
  JSON.stringify([
    { client_certificates: 'uri', trust_domain: 'prod.example' },
    { client_certificates: 'cn', prefix: 'cn:' },
  ]),
);
const TLS = { TLS_CERT_FILE: file('server.pem'), TLS_KEY_FILE: file('server.key') };
const ASKS = { ...TLS, TLS_CLIENT_CA_FILE: file('clients.pem'), ISSUERS_FILE: file('issuers.json') };

const clients: TlsClient[] = [];
function client(own?: CertificateFiles, caFile = ca.caFile): TlsClient {
  const made = createTlsClient(caFile, own);
  clients.push(made);
  return made;
}
const [pricing, stranger, writer] = ['pricing', 'stranger', 'writer'].map(issued);
let network: TestNetwork;
/** Of Bun's own server: it asks for no certificates. */
let plainBun: Component;
/** Asks for certificates of all. */
let strict: Component;
let grpcPorts: number[];
/** All that can be asked by HTTP. */
let servers: [string, Component][];
/** Nodes that know callers by certificates. */
let asking: [string, Component][];

const READ = '/api/v1/config/pricing/a?environment=PRODUCTION';
const OTHER = '/api/v1/config/billing/a?environment=PRODUCTION';
const WATCH = '/api/v1/config/watch/pricing?environment=PRODUCTION';
const STREAM = '/api/v1/config/stream/pricing?environment=PRODUCTION';
const bearer = () => ({ authorization: `Bearer ${network.token}` });
const eventually = <T>(what: string, check: () => T | Promise<T>) =>
  until(check, { what, timeoutMs: 30_000 });

beforeAll(async () => {
  trust(ca.caFile);
  network = await startTestNetwork({
    reads: 'token',
    runtime: ['bun', 'node'],
    regionNames: ['eu-west'],
    grpc: true,
    authorityEnv: ASKS,
    nodeEnv: ASKS,
  });
  const [region] = network.regions;
  const ports = createPorts(undefined);
  const more = async (name: string, env: object) =>
    createReadNode({
      name,
      dir: network.dir,
      port: await ports.next(),
      runtime: 'bun',
      env: {
        ETCD_URLS: network.etcd.url,
        REDIS_URL: region!.redis.url,
        REGION: 'eu-west',
        ROLES: 'serve',
        NODE_ID: name,
        READS: 'token',
        LOG_LEVEL: 'warn',
        ...env,
      },
    });
  plainBun = await more('plain-bun', TLS);
  strict = await more('strict', { ...ASKS, TLS_CLIENT_CERTIFICATES: 'required' });
  await Promise.all([plainBun.start(), strict.start({ wait: false })]);
  asking = [
    ['Bun', network.serving[0]!],
    ['Node', network.serving[1]!],
  ];
  servers = [['the authority', network.authority], ...asking, ["Bun's own", plainBun]];
  grpcPorts = region!.grpc.map(address => Number(address.split(':')[1]));
  const api = network.api(network.authority);
  for (const service of ['pricing', 'billing']) await api.put(service, 'a', `${service}'s`);
  const { status: put, revision } = await api.request('PUT', '/api/v1/feature-flags/new', {
    body: { enabled: true, rollout_percentage: 100, target_services: ['pricing'] },
  });
  expect(put).toBe(200);
  await bind('pricing', `${DOMAIN}/pricing`, { services: ['pricing'] });
  for (const [, node] of servers.slice(1))
    await eventually('the nodes to follow', async () => {
      const { body } = await network.api(node).status();
      return (body as { revision: number }).revision > revision;
    });
});
afterAll(async () => {
  for (const each of clients) each.close();
  await Promise.all([plainBun?.stop(), strict?.stop()]);
  await network?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function bind(name: string, subject: string, more: object = {}, roles = ['reader']) {
  const body = { roles, subjects: [{ kind: 'service', name: subject }], ...more };
  const answer = await network
    .api(network.authority)
    .request('PUT', `/api/v1/access/bindings/${name}`, { body });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
}

describe('by TLS', () => {
  test('plain HTTP is not answered, and a server is not taken for one of another CA', async () => {
    for (const port of [...servers.map(([, { port }]) => port), ...grpcPorts]) {
      const plain = await new Promise<string>(resolve => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () =>
          socket.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n'),
        );
        socket.on('data', part => {
          text += part.toString('latin1');
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(text));
      });
      expect(plain).not.toContain('HTTP/1.1 200');
      await expect(shownAt(port, otherCa.caFile)).rejects.toThrow(/certificate/);
      await expect(shownAt(port, ca.caFile)).resolves.toMatch(/\w/);
    }
  });

  test('reads, streams, evaluations and sync are answered, by a token', async () => {
    const own = client();
    for (const [name, { url }] of servers) {
      const read = await own.ask(url + READ, { headers: bearer() });
      expect([name, read.status]).toEqual([name, 200]);
      expect((await own.ask(url + READ)).status).toBe(401);
    }
    for (const [, { url }] of servers.slice(1)) {
      const streams = [own.webSocket(url + WATCH, bearer()), own.events(url + STREAM, bearer())];
      for (const stream of streams) await stream.has("pricing's");
      const evaluated = await own.ask(`${url}/ofrep/v1/evaluate/flags/new`, {
        method: 'POST',
        headers: bearer(),
        body: { context: { targetingKey: 'u', service: 'pricing' } },
      });
      expect(JSON.parse(evaluated.text)).toMatchObject({ key: 'new', value: true });
    }
    for (const port of grpcPorts) {
      const sync = createSyncClient(port, own.credentials);
      const stream = sync.stream('service=pricing', network.token);
      await eventually('the flags', () => stream.messages[0]?.flags.new);
      sync.close();
    }
  });

  test('a renewed certificate is shown to new connections, an unfit one is not; what is open stays open', async () => {
    const own = client();
    const ports = [...servers.map(([, { port }]) => port), ...grpcPorts];
    const streams = servers
      .slice(1)
      .flatMap(([, { url }]) => [own.webSocket(url + WATCH, bearer()), own.events(url + STREAM, bearer())]);
    for (const stream of streams) await stream.has("pricing's");
    const sync = createSyncClient(grpcPorts[0]!, own.credentials);
    const flags = sync.stream('service=pricing', network.token);
    await eventually('the flags', () => flags.messages[0]);

    const serial = (files: CertificateFiles) =>
      new X509Certificate(readFileSync(files.certFile)).serialNumber;
    const before = serial(serverNames);
    // A certificate with the key of another.
    copyFileSync(ca.issue({ name: 'unfit' }).certFile, file('server.pem'));
    for (const { logFile } of servers.map(([, component]) => component))
      await eventually('it to be refused', () => readFileSync(logFile, 'utf8').includes('are not taken'));
    for (const port of ports) expect(await shownAt(port, ca.caFile)).toBe(before);

    // One who never pauses: where servers follow each other on a port it is handed from one to the next.
    const busy = client();
    const failures: { kept?: boolean }[] = [];
    let asked = 0;
    let isDone = false;
    const asking = (async () => {
      for (; !isDone; asked++) {
        const answer = await busy.ask(plainBun.url + READ, { headers: bearer() }).catch(error => error);
        if (answer.status !== 200) failures.push(answer);
      }
    })();
    const renewed = ca.issue({ name: 'renewed' });
    serve(renewed);
    for (const port of ports) {
      // While two have a port, either may answer.
      let inTurn = 0;
      await eventually('it alone to be shown', async () => {
        inTurn = (await shownAt(port, ca.caFile)) === serial(renewed) ? inTurn + 1 : 0;
        return inTurn === 20;
      });
    }
    isDone = true;
    await asking;
    expect(asked).toBeGreaterThan(10);
    expect(failures.filter(({ kept }) => kept !== false)).toEqual([]);
    await network.api(network.authority).put('pricing', 'b', 'after the renewal');
    for (const stream of streams) {
      await stream.has('after the renewal');
      expect(stream.state).toBe('open');
    }
    expect(flags.end).toBeUndefined();
    sync.close();
    for (const [, { url }] of servers) {
      expect((await own.ask(url + READ, { headers: bearer() })).status).toBe(200);
      const { text } = await own.ask(`${url}/metrics`, { headers: bearer() });
      expect(text).toContain('qv_certificate_expiration_timestamp_seconds{certificate="server"}');
    }
  });
});

describe('by its certificate', () => {
  test('a caller reads what it is bound to and no more, by everything that is read by', async () => {
    const own = client(pricing);
    const nobody = client(stranger);
    for (const [name, { url }] of asking) {
      // In turn, so that none is served what was decided for another.
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all([
          own.ask(url + READ),
          nobody.ask(url + READ),
          own.ask(url + OTHER),
          client().ask(url + READ),
        ]);
        expect([name, ...answers.map(answer => answer.status)]).toEqual([name, 200, 403, 403, 401]);
      }
      const streams = [own.webSocket(url + WATCH), own.events(url + STREAM)];
      for (const stream of streams) await stream.has("pricing's");
      const denied = nobody.events(url + STREAM);
      await denied.over();
      expect(denied.code).toBe(403);
      const evaluate = (by: TlsClient) =>
        by.ask(`${url}/ofrep/v1/evaluate/flags/new`, {
          method: 'POST',
          body: { context: { targetingKey: 'u', service: 'pricing' } },
        });
      expect([(await evaluate(own)).status, (await evaluate(nobody)).status]).toEqual([200, 403]);
    }
    for (const port of grpcPorts) {
      const sync = createSyncClient(port, own.credentials);
      const stream = sync.stream('service=pricing');
      await eventually('the flags', () => stream.messages[0]?.flags.new);
      await expect(sync.ask('FetchAllFlags', 'service=billing')).rejects.toMatchObject({
        code: status.PERMISSION_DENIED,
      });
      const denied = createSyncClient(port, nobody.credentials);
      await expect(denied.ask('FetchAllFlags', 'service=pricing')).rejects.toMatchObject({
        code: status.PERMISSION_DENIED,
      });
      for (const each of [sync, denied]) each.close();
    }
  });

  test('a token speaks alone, and a page of a browser has no certificate', async () => {
    const own = client(pricing);
    for (const { url } of [network.authority, ...asking.map(([, node]) => node)]) {
      const ask = async (headers: Record<string, string>, path = READ) =>
        (await own.ask(url + path, { headers })).status;
      expect(await ask({ authorization: 'Bearer unknown' })).toBe(401);
      expect(await ask({ authorization: '' })).toBe(401);
      expect(await ask(bearer(), OTHER)).toBe(200);
      expect(await ask({}, OTHER)).toBe(403);
      expect(await ask({ origin: 'https://evil.example' })).toBe(401);
      expect(await ask({})).toBe(200);
    }
  });

  test('the authority knows it in the trail and in what was denied', async () => {
    const own = client(writer);
    const put = () =>
      own.ask(network.authority.url + READ, { method: 'PUT', body: { new_value: 'by certificate' } });
    expect((await put()).status).toBe(403);
    await bind('writers', `${DOMAIN}/writer`, {}, ['developer']);
    const written = await put();
    expect([written.status, JSON.parse(written.text)]).toMatchObject([
      200,
      { updated_by: `${DOMAIN}/writer` },
    ]);
    const api = network.api(network.authority);
    const { body } = await api.versions('pricing', 'a');
    expect(body.versions[0]).toMatchObject({ updated_by: `${DOMAIN}/writer` });
    const denials = await eventually('the denial', async () => {
      const path = `/api/v1/access/denials?caller=${encodeURIComponent(`${DOMAIN}/writer`)}`;
      return (await api.request<{ denials: { action: string }[] }>('GET', path)).body.denials[0];
    });
    expect(denials.action).toBe('write');
  });

  test('one of another CA, or for servers alone, is no certificate; a name in the subject has its prefix', async () => {
    const forged = client(otherCa.issue({ name: 'pricing', uri: `${DOMAIN}/pricing`, hosts: [] }));
    const foreign = client(ca.issue({ name: 'foreign', uri: 'spiffe://else.example/pricing', hosts: [] }));
    const ofServers = client(ca.issue({ name: 'web', uri: `${DOMAIN}/pricing`, hosts: [], client: false }));
    const named = client(ca.issue({ name: 'named' }));
    await bind('named', 'cn:named');
    for (const [, { url }] of [['the authority', network.authority] as const, ...asking]) {
      for (const each of [forged, foreign, ofServers]) expect((await each.ask(url + READ)).status).toBe(401);
      await eventually('the binding', async () => (await named.ask(url + READ)).status === 200);
    }
  });

  test('where certificates are required nobody else is let in', async () => {
    const own = client(pricing);
    await eventually('the node', async () => (await own.ask(`${strict.url}/readyz`)).status === 200);
    await eventually('its binding', async () => (await own.ask(strict.url + READ)).status === 200);
    const forged = client(otherCa.issue({ name: 'forged', uri: `${DOMAIN}/pricing` }));
    for (const each of [client(), forged])
      await expect(each.ask(strict.url + READ, { headers: bearer() })).rejects.toThrow();
  });

  test('a binding that is taken back ends its streams, and leaves others alone', async () => {
    const own = client(pricing);
    const other = client();
    const nodes = asking.map(([, { url }]) => url);
    const streams = nodes.flatMap(url => [own.webSocket(url + WATCH), own.events(url + STREAM)]);
    const stay = nodes.map(url => other.webSocket(url + WATCH, bearer()));
    for (const stream of [...streams, ...stay]) await stream.has('pricing');
    const sync = grpcPorts.map(port => createSyncClient(port, own.credentials));
    const flags = sync.map(each => each.stream('service=pricing'));
    for (const each of flags) await eventually('the flags', () => each.messages[0]);
    const { status } = await network
      .api(network.authority)
      .request('DELETE', '/api/v1/access/bindings/pricing');
    expect(status).toBe(204);
    for (const stream of streams) await stream.over();
    for (const each of flags) await eventually('the end of sync', () => each.end);
    for (const url of nodes) expect((await own.ask(url + READ)).status).toBe(403);
    expect(stay.map(({ state }) => state)).toEqual(stay.map(() => 'open'));
    for (const each of sync) each.close();
    await bind('pricing', `${DOMAIN}/pricing`, { services: ['pricing'] });
  });

  test('a CA that is not trusted any more vouches for nobody, on open connections either', async () => {
    const own = client(pricing);
    const servers = [network.authority, ...asking.map(([, node]) => node)];
    for (const { url } of servers)
      await eventually('the binding', async () => (await own.ask(url + READ)).status === 200);
    const streams = asking.flatMap(([, { url }]) => [own.webSocket(url + WATCH), own.events(url + STREAM)]);
    for (const stream of streams) await stream.has('pricing');
    writeFileSync(file('clients.pem.new'), readFileSync(otherCa.caFile));
    renameSync(file('clients.pem.new'), file('clients.pem'));
    for (const stream of streams) await stream.over();
    for (const { url } of servers)
      await eventually('it to be unknown', async () => (await own.ask(url + READ)).status === 401);
    const next = client(otherCa.issue({ name: 'next', uri: `${DOMAIN}/pricing`, hosts: [] }));
    for (const { url } of servers)
      await eventually('the next CA', async () => (await next.ask(url + READ)).status === 200);
  });
});
