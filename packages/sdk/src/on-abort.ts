/** A signal tells of its abort once: whoever comes later must look first, or waits for ever. */

/** Call `act` when `signal` aborts: now, where it has already. Returns what takes that back. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act);
  return () => signal.removeEventListener('abort', act);
}
