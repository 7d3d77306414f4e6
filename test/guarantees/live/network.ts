/**
 * The network that is soaked: two regions, each with two feeders and two serving nodes, on both runtimes, and a
 * link that can be broken from each region to etcd and to its Redis.
 */
import { createLink, type Link } from '../../harness/link.ts';
import { type TestNetwork, withNetwork } from '../../harness/network.ts';

export interface NamedLink {
  /** `eu-west to etcd`. */
  readonly name: string;
  readonly link: Link;
}

export interface SoakNetwork extends TestNetwork {
  readonly links: readonly NamedLink[];
}

export async function withSoakNetwork<T>(run: (network: SoakNetwork) => Promise<T>): Promise<T> {
  const links: NamedLink[] = [];
  const options = {
    nodeRoles: ['feed', 'feed', 'serve', 'serve'],
    // Both runtimes in each role: what one sends, watchers resume at the other.
    runtime: ['bun', 'node', 'bun', 'node'] as const,
    reads: 'token' as const,
    route: async (url: string, region: string) => {
      const { protocol, port } = new URL(url);
      const link = await createLink(Number(port));
      links.push({ name: `${region} to ${protocol === 'redis:' ? 'Redis' : 'etcd'}`, link });
      return `${protocol}//127.0.0.1:${link.port}`;
    },
  };
  try {
    return await withNetwork(options, network => run({ ...network, links }));
  } finally {
    for (const { link } of links) await link.close();
  }
}
