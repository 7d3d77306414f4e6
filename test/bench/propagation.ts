/**
 * From a PUT at the authority to the WebSocket frame at a node of the other region, and to the settings of a service
 * that uses the client library there, beside a bare etcd watch that sees the very same revisions. Everything runs on this machine's loopback, in processes of its own.
 *
 * A change is visible before it is acknowledged: the authority answers only after Postgres has the outcome.
 * Times from the acknowledgement may so be negative; times from the request are what is compared.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configurationKey, type WatchFrame } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { createConfigClient } from '@quantivista/sdk';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { startNetwork } from '../../infra/stack/network.ts';
import { until } from '../../infra/stack/until.ts';
import { percentiles, row } from './percentiles.ts';

interface Sample {
  sentAt: number;
  acknowledgedAt: number;
}

/** @param args the number of changes, 2000 where absent */
export async function benchPropagation([count = '2000']: string[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-bench-'));
  const network = await startNetwork({ dir });
  try {
    await measure(network, Number(count));
  } finally {
    await network.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(
  { endpoints }: Awaited<ReturnType<typeof startNetwork>>,
  count: number,
): Promise<void> {
  const samples = new Map<number, Sample>();
  const bareAt = new Map<number, number>();
  const frameAt = new Map<number, number>();
  const settingsAt = new Map<number, number>();
  const watched = configurationKey({ environment: 'TEST', service: 'bench', key: '' });

  const etcd = createEtcd({ hosts: [endpoints.etcd] });
  const bare = etcd.watch({
    prefix: watched,
    from: (await etcd.read([])).revision + 1,
    onRevision: ({ revision }) => void bareAt.set(revision, performance.now()),
  });
  const node = endpoints.regions[1]!.nodes[0]!.replace('http', 'ws');
  const socket = new WebSocket(`${node}/api/v1/config/watch/bench?environment=TEST`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.on('message', data => {
    const now = performance.now();
    const frame = JSON.parse(data.toString()) as WatchFrame;
    if (frame.type === 'update') frameAt.set(frame.revision, now);
  });

  const service = createConfigClient({
    nodes: endpoints.regions[1]!.nodes,
    environment: 'TEST',
    service: 'bench',
  });
  await service.ready();
  service.onChange(({ revision }) => void settingsAt.set(revision, performance.now()));

  const dispatcher = new Agent({ connections: 1 });
  const put = async (value: number) => {
    const sentAt = performance.now();
    const response = await request(
      `${endpoints.authority}/api/v1/config/bench/key${value % 50}?environment=TEST`,
      {
        dispatcher,
        method: 'PUT',
        headers: { authorization: `Bearer ${endpoints.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ new_value: { value, text: 'x'.repeat(300) }, reason: 'bench' }),
      },
    );
    await response.body.dump();
    const acknowledgedAt = performance.now();
    if (response.statusCode !== 200) throw new Error(`PUT answered ${response.statusCode}`);
    return { revision: Number(response.headers['x-config-revision']), sentAt, acknowledgedAt };
  };
  for (let value = 0; value < 200; value++) await put(value);
  for (let value = 0; value < count; value++) {
    const { revision, ...sample } = await put(value);
    samples.set(revision, sample);
  }
  const arrived = () =>
    [...samples.keys()].every(revision => [frameAt, bareAt, settingsAt].every(at => at.has(revision)));
  await until(arrived, { what: 'every change to arrive' });

  const times = (from: keyof Sample, to: Map<number, number>) =>
    percentiles([...samples].map(([revision, sample]) => to.get(revision)! - sample[from]));
  const sentToBare = times('sentAt', bareAt);
  const sentToFrame = times('sentAt', frameAt);
  const acknowledgedToFrame = times('acknowledgedAt', frameAt);
  const bareToFrame = percentiles([...samples.keys()].map(each => frameAt.get(each)! - bareAt.get(each)!));
  console.log(`${count} changes, one after another; ms${' '.repeat(23)}p50      p90      p99      max`);
  console.log(row('PUT sent → bare etcd watch', sentToBare));
  console.log(row('PUT sent → frame in the other region', sentToFrame));
  console.log(row('PUT sent → settings of a service there', times('sentAt', settingsAt)));
  console.log(row('bare etcd watch → frame (what the network adds)', bareToFrame));
  console.log(row('PUT acknowledged → bare etcd watch', times('acknowledgedAt', bareAt)));
  console.log(row('PUT acknowledged → frame', acknowledgedToFrame));
  console.log(
    `ratio of the medians, from sent: ${(sentToFrame.p50 / sentToBare.p50).toFixed(2)} × (at most 3)`,
  );
  console.log(`p99 from acknowledged to frame: ${acknowledgedToFrame.p99.toFixed(2)} ms (under 10)`);

  bare.close();
  etcd.close();
  socket.close();
  service.close();
  await dispatcher.close();
}
