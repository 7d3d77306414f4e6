/** Where a region's counts go: to etcd, or to the region that this one is fed from. */
import type { ImpressionBundle } from '@quantivista/contracts';

export interface ImpressionSink {
  /**
   * Hand a bundle over; one that was handed over before may come again, and is counted once. False where one of the
   * same region is still on its way: it must wait.
   * @throws ServiceError `store_unavailable`, or what a parent says
   */
  deliver(bundle: ImpressionBundle): Promise<boolean>;
}
