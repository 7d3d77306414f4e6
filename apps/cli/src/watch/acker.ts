/** Tells a node which revisions were taken in: not each, but at any time soon the newest. */
import type { AckMessage } from '@quantivista/contracts';

const INTERVAL_MS = 100;

/** `send` is given an {@link AckMessage} as JSON, a little after the revision that it names or an older one. */
export function createAcker(send: (text: string) => void): (revision: number) => void {
  let newest = 0;
  let waits = false;
  return revision => {
    newest = revision;
    if (waits) return;
    waits = true;
    setTimeout(() => {
      waits = false;
      send(JSON.stringify({ type: 'ack', revision: newest, applied: true } satisfies AckMessage));
    }, INTERVAL_MS);
  };
}
