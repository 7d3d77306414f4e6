/** What OFREP's clients are told of: that flags may answer otherwise than before. */
import { entityTag, type OfrepEvent } from '@quantivista/contracts';
import type { Replica } from '../../../follow/replica.ts';
import type { ReadAccess } from '../../read-access.ts';
import type { Sent } from '../../watch/frame.ts';
import type { NoticeSource } from '../../watch/notices.ts';
import type { HeldFlags } from '../held-flags.ts';

/** The event that tells of a state of the flags. A client gives its tag back, and is answered from no older one. */
function refetchEvent(generation: string, revision: number): Sent {
  const data: OfrepEvent = { type: 'refetchEvaluation', etag: entityTag(generation, revision) };
  const text = `id: ${generation}:${revision}\nevent: message\ndata: ${JSON.stringify(data)}\n\n`;
  const bytes = Buffer.from(text);
  return { text, size: bytes.length, bytes, event: bytes };
}

export function createNoticeSource(
  replica: Replica,
  flags: HeldFlags,
  access: Pick<ReadAccess, 'holds'>,
): NoticeSource {
  let last: Sent | undefined;
  let of = '';
  return {
    notice: () => {
      const { generation } = replica.current!.snapshot;
      const { revision } = flags.current!;
      const state = `${generation}:${revision}`;
      if (!last || of !== state) last = refetchEvent(generation, revision);
      of = state;
      return last;
    },
    listen: flags.listen,
    holds: access.holds,
  };
}
