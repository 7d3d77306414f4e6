/** A service that uses the client library, as one more reader: every state that it was told of, in its order. */
import type { ConfigurationMap } from '@quantivista/contracts';
import { type Applied, createConfigClient } from '@quantivista/sdk';
import type { NodeLife, Read, Topic } from './history.ts';

export interface SdkReaderOptions {
  readonly name: string;
  readonly topic: Topic;
  /** Base URLs, the nearest first. */
  readonly nodes: readonly string[];
  readonly token: string;
}

export interface SdkReader {
  readonly life: NodeLife;
  /** The revision that it runs on; -1 before the first. */
  readonly reached: number;
  stop(): void;
}

export function startSdkReader({ name, topic, nodes, token }: SdkReaderOptions): SdkReader {
  const reads: Read[] = [];
  let isReady = false;
  const config = createConfigClient({ ...topic, nodes, token, instanceId: name });
  const record = ({ generation, revision, values }: Applied<unknown>) =>
    reads.push({ topic, generation, revision, map: { ...values } as ConfigurationMap });
  config.onChange(change => {
    isReady = true;
    record(change);
  });
  return {
    life: { node: name, life: 1, reads },
    get reached() {
      return isReady ? config.applied.revision : -1;
    },
    stop: () => {
      if (isReady) record(config.applied);
      config.close();
    },
  };
}
