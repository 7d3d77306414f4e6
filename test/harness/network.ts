/** A network for a test: its own folder, ports and data, and nothing left of it afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Component } from '../../infra/stack/component.ts';
import { type Network, type NetworkOptions, startNetwork } from '../../infra/stack/network.ts';
import { type Api, createApi } from './api.ts';

export interface TestNetwork extends Network {
  /** With the admin token, unless told otherwise. */
  api(component: Component, token?: string): Api;
  /** For what else a test starts: removed by `stop`. */
  readonly dir: string;
  /** All nodes of all regions that answer reads. */
  readonly serving: readonly Component[];
}

export type TestNetworkOptions = Omit<NetworkOptions, 'dir'>;

/** Tests look at these from everywhere. */
const OPEN_ENDPOINTS = 'status,metrics,openapi';

/** Start a network. Its logs are deleted with it by `stop`; LOG_LEVEL is `warn` unless `…Env` says otherwise. */
export async function startTestNetwork(options: TestNetworkOptions = {}): Promise<TestNetwork> {
  const dir = mkdtempSync(join(tmpdir(), 'qv-network-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const network = await startNetwork({
      ...options,
      authorityEnv: { LOG_LEVEL: 'warn', OPEN_ENDPOINTS, ...options.authorityEnv },
      nodeEnv: { LOG_LEVEL: 'warn', OPEN_ENDPOINTS, ...options.nodeEnv },
      dir,
    });
    return {
      ...network,
      dir,
      serving: network.regions.flatMap(region => region.serving),
      api: ({ url }, token = network.token) => createApi({ url, token }),
      stop: async () => {
        const unruly = unrulyOf(network);
        await network.stop();
        const told = await unruly;
        remove();
        if (told.length > 0) throw new Error(`not all apps have ended in order:\n${told.join('\n')}`);
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * Of the apps that run, those that end otherwise than they should when they are told to: what they said last. One that is
 * told so before it listens for signals ends by it.
 */
async function unrulyOf({ authorities, regions }: Network): Promise<string[]> {
  const apps = [...authorities, ...regions.flatMap(({ nodes }) => nodes)].filter(({ running }) => running);
  const told = apps.map(async ({ name, logEnd, ended }) => {
    const exit = await ended();
    if (exit === 0 || exit === 'SIGTERM') return [];
    return [`${name}: ${exit}; its log ends with:\n${logEnd()}`];
  });
  return (await Promise.all(told)).flat();
}

/** Start a network, run `test` with it, and end it however the test went. */
export async function withNetwork<T>(
  options: TestNetworkOptions,
  test: (network: TestNetwork) => Promise<T>,
): Promise<T> {
  const network = await startTestNetwork(options);
  try {
    return await test(network);
  } finally {
    await network.stop();
  }
}
