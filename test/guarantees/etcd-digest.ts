/** The digest that a node must have which holds exactly what etcd does. */
import { DISTRIBUTED_PREFIX, GENERATION_KEY } from '@quantivista/contracts';
import { createEtcd } from '@quantivista/etcd';
import { buildSnapshot } from '@quantivista/snapshot';

/** Of what etcd held at a revision; without one of its present contents: then no write may be under way. */
export async function etcdDigest(url: string, revision?: number): Promise<string> {
  const etcd = createEtcd({ hosts: [url] });
  try {
    const listed = await etcd.list({
      prefix: DISTRIBUTED_PREFIX,
      ...(revision !== undefined && { revision }),
    });
    if (listed.kind !== 'listed') throw new Error(`etcd answered ${listed.kind}`);
    const generation = listed.entries.find(entry => entry.key === GENERATION_KEY)!.value;
    return buildSnapshot(generation, listed.revision, listed.entries).digest();
  } finally {
    etcd.close();
  }
}
