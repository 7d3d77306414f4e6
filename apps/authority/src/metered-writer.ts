/** A writer that counts and times what the one within does. */
import { ServiceError } from '@quantivista/contracts';
import type { Metrics } from '@quantivista/runtime';
import type { Writer } from './write/commit.ts';

const BUCKETS = [0.001, 0.002, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

export function meterWriter(writer: Writer, metrics: Metrics): Writer {
  const outcomes = metrics.counter(
    'qv_writes_total',
    'writes by outcome: committed, or the code of the refusal',
    ['outcome'],
  );
  const latency = metrics.histogram('qv_write_seconds', 'from request to acknowledgement', BUCKETS);
  return {
    preview: request => writer.preview(request),
    write: async request => {
      const stop = latency.startTimer();
      try {
        const result = await writer.write(request);
        stop();
        outcomes.inc({ outcome: 'committed' });
        return result;
      } catch (error) {
        outcomes.inc({ outcome: error instanceof ServiceError ? error.code : 'internal' });
        throw error;
      }
    },
  };
}
