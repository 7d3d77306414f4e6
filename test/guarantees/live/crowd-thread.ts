/** The thread of a crowd: what it is told, and what it answers. */
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreRevision } from '../history.ts';
import { type CrowdOptions, type CrowdTally, startCrowd } from './crowd.ts';
import type { Report } from './judged-watcher.ts';

export type ToCrowd =
  | { readonly kind: 'revisions'; readonly revisions: readonly StoreRevision[] }
  | { readonly kind: 'resets'; readonly allowed: boolean }
  /** Answer `reached` as soon as every watcher has. */
  | { readonly kind: 'await'; readonly revision: number }
  /** End the streams, and answer `closed`. */
  | { readonly kind: 'close' }
  /** Answer `ended`, once all is judged. */
  | { readonly kind: 'end' };

export type FromCrowd =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'reached'; readonly revision: number }
  /** Every second. */
  | { readonly kind: 'tally'; readonly tally: CrowdTally }
  | { readonly kind: 'closed' }
  | { readonly kind: 'ended'; readonly tally: CrowdTally };

const LOOK_MS = 20;
const TALLY_MS = 1_000;

const port = parentPort!;
const answer = (message: FromCrowd) => port.postMessage(message);
const crowd = startCrowd(workerData as CrowdOptions, report => answer({ kind: 'report', report }));
const tallying = setInterval(() => answer({ kind: 'tally', tally: crowd.tally }), TALLY_MS);
let awaiting: NodeJS.Timeout | undefined;

port.on('message', (message: ToCrowd) => {
  if (message.kind === 'revisions') crowd.add(message.revisions);
  if (message.kind === 'resets') crowd.allowResets(message.allowed);
  if (message.kind === 'await') {
    const { revision } = message;
    clearInterval(awaiting);
    awaiting = setInterval(() => {
      if (!crowd.reached(revision)) return;
      clearInterval(awaiting);
      answer({ kind: 'reached', revision });
    }, LOOK_MS);
  }
  if (message.kind === 'close') {
    crowd.close();
    answer({ kind: 'closed' });
  }
  if (message.kind === 'end') {
    clearInterval(tallying);
    clearInterval(awaiting);
    crowd.end();
    answer({ kind: 'ended', tally: crowd.tally });
    port.close();
  }
});
