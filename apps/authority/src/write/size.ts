/** Whether a plan is small enough to be recorded and committed, found out before either is tried. */
import type { RecordedChange } from '@quantivista/audit';
import { ServiceError } from '@quantivista/contracts';
import type { Operation } from '@quantivista/etcd';

/** Of keys and values. etcd refuses requests over 1.5 MiB; the rest is for their framing and the compares. */
const MAX_TRANSACTION_BYTES = 1_500_000;
/** Of the values replaced, which the intent carries into Postgres. */
const MAX_REPLACED_BYTES = 16_000_000;

const bytesOf = (operation: Operation): number =>
  Buffer.byteLength(operation.key) + (operation.op === 'put' ? Buffer.byteLength(operation.value) : 0);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** @throws ServiceError `too_large` */
export function checkSize(operations: readonly Operation[], changes: readonly RecordedChange[]): void {
  if (sum(operations.map(bytesOf)) > MAX_TRANSACTION_BYTES) {
    throw new ServiceError('too_large', {
      message: `the changes together are over ${MAX_TRANSACTION_BYTES} bytes`,
    });
  }
  if (sum(changes.map(each => JSON.stringify(each.old_value).length)) > MAX_REPLACED_BYTES) {
    throw new ServiceError('too_large', {
      message: `the values replaced are together over ${MAX_REPLACED_BYTES} bytes: use several requests`,
    });
  }
}
