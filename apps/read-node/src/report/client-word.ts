/** What clients said last of revisions. Pure. */
import type { AckMessage, ClientWord } from '@quantivista/contracts';

const REASON_LENGTH = 200;

/** The reason as it is passed on; absent where none was given. */
export const shortReason = (error: string | undefined): string | undefined =>
  error?.slice(0, REASON_LENGTH).toWellFormed() || undefined;

/** What a client has said in all; `before` itself where this is no news. */
export function heard(before: ClientWord, { revision, applied, error }: AckMessage): ClientWord {
  const { acked = -1, refused = -1 } = before;
  if (!applied) {
    if (revision <= refused) return before;
    const reason = shortReason(error);
    return { ...(acked >= 0 && { acked }), refused: revision, ...(reason && { reason }) };
  }
  // It has thought better of it.
  if (revision === refused) return { acked: Math.max(acked, revision) };
  return revision > acked ? { ...before, acked: revision } : before;
}

/** Of two streams of one client: the lower ack, and the newer refusal. */
export function worse(one: ClientWord, other: ClientWord): ClientWord {
  const acked = Math.min(one.acked ?? -1, other.acked ?? -1);
  const { refused, reason } = (one.refused ?? -1) >= (other.refused ?? -1) ? one : other;
  return {
    ...(acked >= 0 && { acked }),
    ...(refused !== undefined && { refused }),
    ...(reason !== undefined && { reason }),
  };
}
