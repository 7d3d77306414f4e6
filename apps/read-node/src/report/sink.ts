/** Where a region's report goes: to etcd, or to the region that this one is fed from. */
import type { RegionReport } from '@quantivista/contracts';

export interface ReportSink {
  /** Put the report in place of the last one. @throws ServiceError `store_unavailable` */
  deliver(report: RegionReport): Promise<void>;
  /** A region is no more: take back what was delivered of it. @throws ServiceError `store_unavailable` */
  withdraw(region: string): Promise<void>;
  /** Another reporter goes on: what was delivered stays for a while, and is not kept up. */
  handOver(): void;
}
