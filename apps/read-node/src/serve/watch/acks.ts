/** What clients say on their streams: whether they could use a revision. Everything else is refused. */
import { AckMessage } from '@quantivista/contracts';

/** A client sends as many messages a second as it sees updates at most: one that acks more seldom is understood too. */
export const ACKS_PER_SECOND = 50;
export const ACK_BURST = 500;

/** The message; or, as text, the field that is wrong and what about it. `undefined` stands for bytes. */
export function parseAck(message: string | undefined): AckMessage | string {
  if (message === undefined) return 'message: must be text';
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return 'message: is not JSON';
  }
  const parsed = AckMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message: what, ...issue } = parsed.error.issues[0]!;
  // Unknown fields are told of as a fault of the whole; the first of them says more.
  const field = issue.code === 'unrecognized_keys' ? issue.keys[0] : path.join('.');
  return `ack${field ? `.${field}` : ''}: ${what}`;
}
