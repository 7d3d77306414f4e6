/** What any process of ours needs of its machine. */
import { graph, type Panel } from './panel.ts';

/** @param matchers between the braces, of the processes that are looked at */
export const runtimePanels = (matchers: string): readonly Panel[] => [
  graph('Processor', 'Of one core. A process has one event loop: near 1 it is at its end.', 'percentunit', {
    '{{instance}}': `rate(process_cpu_seconds_total{${matchers}}[$__rate_interval])`,
  }),
  graph('Memory', 'Resident.', 'bytes', { '{{instance}}': `process_resident_memory_bytes{${matchers}}` }),
  graph('Delay of the event loop', 'Of all but one turn in a hundred: everybody waits for it.', 's', {
    '{{instance}}': `nodejs_eventloop_lag_p99_seconds{${matchers}}`,
  }),
  graph('Open files', 'Sockets among them, of what the process may have.', 'percentunit', {
    '{{instance}}': `process_open_fds{${matchers}} / process_max_fds{${matchers}}`,
  }),
  graph('Since its start', 'A fall is a restart.', 's', {
    '{{instance}}': `time() - process_start_time_seconds{${matchers}}`,
  }),
  graph('Certificates end in', 'They are taken up renewed without a restart. Absent without TLS.', 's', {
    '{{instance}} {{certificate}}': `qv_certificate_expiration_timestamp_seconds{${matchers}} - time()`,
  }),
];
