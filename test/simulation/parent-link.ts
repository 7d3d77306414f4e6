/** A parent node as a region's feeders reach it: the real one's answers, over the link between the two. */
import { formatBookmark } from '@quantivista/contracts';
import { decodeLines } from '../../apps/read-node/src/feed/lines.ts';
import type { ParentClient } from '../../apps/read-node/src/feed/parent-client.ts';
import type { Parent } from '../../apps/read-node/src/serve/feed/parent.ts';
import { type Link, unavailable } from './link.ts';

/** The link counts as dead after so long without any byte. */
const SILENCE_MS = 3_000;

export function createParentLink(parent: Parent, link: Link): ParentClient {
  /** The body of one answer, as it arrives; asked for no longer once the child has done with it. */
  function carry(open: () => ReadableStream<Uint8Array>, signal?: AbortSignal): ReadableStream<Uint8Array> {
    const [toParent, toChild] = [link.stream(), link.stream()];
    let child!: ReadableStreamDefaultController<Uint8Array>;
    let letGo = () => {};
    let silence: NodeJS.Timeout | undefined;
    let over = false;
    const end = (how: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(silence);
      how();
      toParent(() => letGo());
    };
    const fail = (error: unknown) => end(() => child.error(error));
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => fail(unavailable()), SILENCE_MS);
    };
    const arrive = (how: () => void) =>
      toChild(() => {
        if (over) return;
        heard();
        how();
      });
    const answer = async () => {
      try {
        const sending = open().getReader();
        letGo = () => void sending.cancel();
        for (;;) {
          const { value, done } = await sending.read();
          if (done) break;
          arrive(() => child.enqueue(value));
        }
        arrive(() => end(() => child.close()));
      } catch (error) {
        arrive(() => fail(error));
      }
    };
    return new ReadableStream({
      start: its => {
        child = its;
        signal?.addEventListener('abort', () => fail(signal.reason));
        heard();
        toParent(() => void answer());
      },
      cancel: () => end(() => {}),
    });
  }
  const noReports = () => Promise.reject(new Error('nothing simulated reports'));

  return {
    url: 'parent',
    offer: () => link.call(() => parent.offer(undefined), SILENCE_MS),
    putReport: noReports,
    withdrawReport: noReports,
    putBundle: noReports,
    snapshot: revision => decodeLines(carry(() => parent.snapshot({ revision }))),
    changes: (since, signal) =>
      decodeLines(carry(() => parent.changes({ since: formatBookmark(since) }), signal)),
  };
}
