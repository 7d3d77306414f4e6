/** Milliseconds of the machine's monotonic clock: the same in every process. */
import process from 'node:process';

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
