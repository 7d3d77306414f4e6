/** What a process says that was started beside the bench. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Its next message. @throws Error where it ends before */
export async function answerOf<T>(child: ChildProcess, what: string): Promise<T> {
  const listening = new AbortController();
  const { signal } = listening;
  const gone = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`${what} has ended by ${code ?? by}`);
  });
  gone.catch(() => {});
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), gone]);
    return message as T;
  } finally {
    listening.abort();
  }
}
