/**
 * All events into a stream of a Redis at the centre, for those who would rather read than be called. Ids are
 * sequences, so that a repeat changes nothing. What Redis has lost is not added again: it goes on from the cursor.
 */
import { randomUUID } from 'node:crypto';
import type { Audit } from '@quantivista/audit';
import { toCloudEvent } from '@quantivista/contracts';
import type { EventStream } from '@quantivista/region';
import { createBackoff, createOutage, type Log, type Outage, pause } from '@quantivista/runtime';

export const CENTRE_CONSUMER = 'centre';

export interface CentreOptions {
  readonly audit: Pick<Audit, 'events' | 'deliveries'>;
  readonly stream: EventStream;
  readonly log: Log;
  readonly pollMs: number;
}

const BATCH = 200;
const CHECK_OWNER_MS = 1_000;

/** Go on from the cursor until `signal` aborts or another one does. @throws ServiceError */
async function follow(
  { audit, stream, log, pollMs }: CentreOptions,
  outage: Outage,
  signal: AbortSignal,
): Promise<void> {
  const owner = randomUUID();
  let { sequence } = await audit.deliveries.claim(CENTRE_CONSUMER, owner);
  const last = await audit.events.last();
  let checkedAt = Date.now();
  while (!signal.aborted) {
    const events = await audit.events.list(sequence, BATCH);
    if (events.length > 0) {
      const held = await stream.newest();
      if (held < sequence)
        log.warn({ held, sequence }, 'the stream of events has lost what it held: it goes on from here');
      if (held > Math.max(last, events.at(-1)!.sequence))
        log.error({ held, last }, 'the stream holds events of another trail, and takes none of this one');
      await stream.append(
        events.map(each => ({
          sequence: each.sequence,
          id: each.id,
          event: JSON.stringify(toCloudEvent(each)),
        })),
      );
      sequence = events.at(-1)!.sequence;
      const progress = { sequence, delivered: [], waiting: [], dead: [], failures: 0, lastError: undefined };
      const saved = await audit.deliveries.save(CENTRE_CONSUMER, owner, {
        ...progress,
        succeededAt: Date.now(),
      });
      if (!saved) return;
      outage.over();
      continue;
    }
    // All that there is has been added.
    outage.over();
    if (Date.now() - checkedAt > CHECK_OWNER_MS) {
      if (!(await audit.deliveries.holds(CENTRE_CONSUMER, owner))) return;
      checkedAt = Date.now();
    }
    await pause(pollMs, signal);
  }
}

/** Runs until `signal` aborts. Never throws. */
export async function runCentre(options: CentreOptions, signal: AbortSignal): Promise<void> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  const outage = createOutage(options.log, 'the stream of events waits');
  while (!signal.aborted) {
    const startedAt = Date.now();
    try {
      await follow(options, outage, signal);
    } catch (error) {
      outage.failed(error);
    }
    if (Date.now() - startedAt > 5_000) backoff.reset();
    await pause(backoff.next(), signal);
  }
}
