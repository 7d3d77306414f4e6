/** Where what a region counted goes: to etcd, or to the region that this one is fed from. */
import type { Bundle } from '@quantivista/region';

export interface TallySink<B extends Bundle> {
  /**
   * Hand a bundle over; one that was handed over before may come again, and is taken once. False where one of the
   * same region is still on its way: it must wait.
   * @throws ServiceError `store_unavailable`, or what a parent says
   */
  deliver(bundle: B): Promise<boolean>;
}
