/** Keys that go when whoever put them is gone: a put names the lease, and it must be kept alive. */
import type { Etcd3 } from 'etcd3';
import { unavailable } from './unavailable.ts';

export interface Lease {
  /** Named by the puts under it. */
  readonly id: string;
  /**
   * Begin its time to live anew. False where it had run out: its keys are gone.
   * @throws ServiceError `store_unavailable`
   */
  keepAlive(): Promise<boolean>;
  /** End it, and delete the keys that are still under it. @throws ServiceError `store_unavailable` */
  revoke(): Promise<void>;
}

/** @throws ServiceError `store_unavailable` */
export async function grantLease(client: Etcd3, ttlS: number, timeoutMs: number): Promise<Lease> {
  const leases = client.leaseClient;
  const { ID: id } = await leases.leaseGrant({ TTL: ttlS }).catch(unavailable);

  /** One exchange on a stream of its own: a stream that is kept open may be half open for long. */
  async function keepAlive(): Promise<boolean> {
    const stream = await leases.leaseKeepAlive().catch(unavailable);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => reject(new Error(`no answer for ${timeoutMs} ms`)), timeoutMs);
    stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
    stream.on('error', reject);
    stream.on('end', () => reject(new Error('the stream ended')));
    stream.write({ ID: id });
    try {
      const alive = await promise;
      stream.end();
      return alive;
    } catch (error) {
      // Makes etcd3 reset the connection, which heals a half-open one.
      stream.cancel();
      return unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    id,
    keepAlive,
    revoke: async () => {
      await leases.leaseRevoke({ ID: id }).catch(unavailable);
    },
  };
}
