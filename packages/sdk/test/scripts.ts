/** What a node may say, and clients of it that are closed after each test. */
import { afterEach, vi } from 'vitest';
import { type ConfigClient, type ConfigClientOptions, createConfigClient } from '../src/client.ts';
import type { Frame, Json } from '../src/follow/wire.ts';
import { ConfigError } from '../src/refusal.ts';
import type { Refused } from '../src/settings.ts';
import { snapshot, update } from './frames.ts';
import { type Answer, type Script, type ScriptedNode, startScriptedNode } from './scripted-node.ts';

/** The only key that is asked about. */
export const limitOf = ({ applied }: ConfigClient<unknown>) => applied.values.limit;
export const limited = (revision: number, limit: Json): Frame => snapshot(revision, { limit });
export const limitSet = (revision: number, limit: Json): Frame => update(revision, [{ new_value: limit }]);

export const problem = (code: string, status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: `urn:quantivista:problem:${code}`, title: 'title', status, detail: 'detail' }),
});
/** One that stays. */
export const lasting =
  (...frames: Frame[]): Script =>
  stream =>
    frames.forEach(stream.send);

/** For one file of tests: nodes and their clients, which end with each test. */
export function useScripts() {
  const started: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of started.splice(0).reverse()) await stop();
  });

  async function node(...scripts: (Script | Answer)[]): Promise<ScriptedNode> {
    const scripted = await startScriptedNode(...scripts);
    started.push(scripted.stop);
    return scripted;
  }
  function client<T>(nodes: readonly { url: string }[], options: Partial<ConfigClientOptions<T>> = {}) {
    const troubles: (ConfigError | Refused | Error)[] = [];
    const config = createConfigClient<T>({
      nodes: nodes.map(({ url }) => url),
      service: 'risk_engine',
      environment: 'production',
      onTrouble: why => troubles.push(why),
      ...options,
    });
    started.push(config.close);
    const codes = () => troubles.map(why => (why instanceof ConfigError ? why.code : 'other'));
    return { config, troubles, codes };
  }
  return { node, client };
}

export const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000, interval: 5 });
