/** The network that is soaked: two regions, each with two feeders and two serving nodes, on both runtimes. */
import { type TestNetwork, withNetwork } from '../../harness/network.ts';

export const withSoakNetwork = <T>(run: (network: TestNetwork) => Promise<T>): Promise<T> =>
  withNetwork(
    {
      nodeRoles: ['feed', 'feed', 'serve', 'serve'],
      // Both runtimes in each role: what one sends, watchers resume at the other.
      runtime: ['bun', 'node', 'bun', 'node'],
      reads: 'token',
    },
    run,
  );
