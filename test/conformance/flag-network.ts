/** A network to ask for flags: one region, a node on each runtime, both ask for a token. */
import { type FeatureFlagUpdate, type FlagBatchResult, MAX_FLAG_BATCH } from '@quantivista/contracts';
import { startTestNetwork, type TestNetwork, type TestNetworkOptions } from '../harness/network.ts';

export const RUNTIMES = ['bun', 'node'] as const;

export interface FlagNetwork extends TestNetwork {
  /** Write flags, in as few transactions as can be, and wait until each node has them. */
  putFlags(flags: readonly (FeatureFlagUpdate & { readonly flag_name: string })[]): Promise<void>;
  /** Resolves when each node has this revision. */
  reached(revision: number): Promise<void>;
}

export async function startFlagNetwork(options: TestNetworkOptions = {}): Promise<FlagNetwork> {
  const network = await startTestNetwork({
    regionNames: ['eu-west'],
    runtime: RUNTIMES,
    reads: 'token',
    ...options,
    nodeEnv: { MAX_WAIT_MS: '15000', ...options.nodeEnv },
  });
  const authority = network.api(network.authority);

  async function reached(revision: number): Promise<void> {
    for (const node of network.serving) {
      const path = `/api/v1/feature-flags/any?min_revision=${revision}`;
      const { status } = await network.api(node).request('GET', path);
      if (status !== 200) throw new Error(`${node.name} answers ${status} for revision ${revision}`);
    }
  }

  return {
    ...network,
    reached,
    putFlags: async flags => {
      for (let index = 0; index < flags.length; index += MAX_FLAG_BATCH) {
        const body = { flags: flags.slice(index, index + MAX_FLAG_BATCH), reason: 'conformance' };
        const answer = await authority.request<FlagBatchResult>('POST', '/api/v1/flags/batch', { body });
        if (answer.status !== 200) throw new Error(`flags refused: ${JSON.stringify(answer.problem)}`);
        if (index + MAX_FLAG_BATCH >= flags.length) await reached(answer.body.revision);
      }
    },
  };
}
