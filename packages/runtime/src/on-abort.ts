/** What is to happen at an abort, be it to come or over: a signal tells of it once, and whoever came later waits for ever. */

/**
 * Call `act` when `signal` aborts: now, before this returns, where it has already. It must not throw.
 * Returns what takes that back; once `act` was called there is nothing to take back.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  // One of its own: a signal takes the same function once alone, and one taking back would do so for all.
  const told = () => act();
  if (signal.aborted) told();
  else signal.addEventListener('abort', told, { once: true });
  return () => signal.removeEventListener('abort', told);
}
