/**
 * A region in a network namespace of its own, cut off from the centre in the middle of writes. It serves on,
 * ready, and says truly how old its state is; the other region is not concerned; afterwards its watchers get
 * all that they missed, in order. PARTITION_MS sets how long it lasts.
 */
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNamespace, namespacesUnavailable, type RegionNamespace } from '../harness/namespaces.ts';
import { type NetworkUnderFault, startNetworkUnderFault } from './network-under-fault.ts';

const PARTITION_MS = Number(process.env.PARTITION_MS ?? 5_000);
const REGION = 'us-east';

const unavailable = namespacesUnavailable();

describe.skipIf(unavailable)(
  `a partition between two namespaces${unavailable ? `: ${unavailable}` : ''}`,
  () => {
    let namespace: RegionNamespace;
    let under: NetworkUnderFault | undefined;
    beforeAll(async () => {
      namespace = createNamespace();
      under = await startNetworkUnderFault({ places: { [REGION]: namespace } });
    });
    afterAll(async () => {
      await under?.stop();
      namespace.remove();
    });

    test.each([
      ['the link is down', 'linkDown'],
      ['every packet is lost, and no end is told', 'loseEverything'],
    ] as const)('%s', { timeout: PARTITION_MS + 120_000 }, (what, cut) =>
      under!.undergo({
        name: `partition of two namespaces: ${what}`,
        ages: [REGION],
        begin: () => namespace[cut](),
        meanwhile: async () => {
          await pause(PARTITION_MS);
          const region = under!.network.regions.find(each => each.name === REGION)!;
          for (const node of region.serving) {
            const { body } = await under!.network.api(node).status();
            expect(body).toMatchObject({ ready: true, state: 'STALE' });
            expect(Number(body.age) * 1_000).toBeGreaterThanOrEqual(PARTITION_MS);
          }
        },
        heal: () => namespace.heal(),
      }),
    );
  },
);
