/** Prometheus metrics of one app (prom-client). Own registry, so that two apps in one process don't mix. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  counter(name: string, help: string, labels?: string[]): Counter;
  gauge(name: string, help: string, labels?: string[]): Gauge;
  /** Like {@link gauge}, read when scraped; with a `label` one value for each of its names. */
  observed(name: string, help: string, read: () => number): void;
  observed(name: string, help: string, read: () => Readonly<Record<string, number>>, label: string): void;
  /** `buckets` in the unit that the name ends with. */
  histogram(name: string, help: string, buckets: number[], labels?: string[]): Histogram;
  readonly contentType: string;
  render(): Promise<string>;
}

export function createMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.process !== false) collectDefaultMetrics({ register: registry });
  return {
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers }),
    observed: (
      name: string,
      help: string,
      read: () => number | Readonly<Record<string, number>>,
      label?: string,
    ) => {
      new Gauge({
        name,
        help,
        registers,
        labelNames: label === undefined ? [] : [label],
        collect() {
          const now = read();
          if (typeof now === 'number') return this.set(now);
          for (const [of, value] of Object.entries(now)) this.set({ [label!]: of }, value);
        },
      });
    },
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name, help, buckets, labelNames, registers }),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}
