/** The changes since a revision, and then as they come, for one child. */
import { type ChangesHead, type ChangesLine, ServiceError } from '@quantivista/contracts';
import type { Loaded, Replica } from '../../follow/replica.ts';
import type { Cursor } from './cursor.ts';
import { CHUNK_LENGTH, encodeLine } from './lines.ts';

/** Revisions that are not for the child move it on at most so often. */
const ADVANCE_MS = 20;

const encode = (line: ChangesHead | ChangesLine): string => encodeLine(line);

/**
 * Chunks of lines, without end; in silence a ping every `pingMs`. Ends by a line that says why: the generation
 * has changed, or the child was too slow and the history has passed it.
 */
export async function* changeChunks(
  replica: Replica,
  generation: string,
  cursor: Cursor,
  pingMs: number,
): AsyncGenerator<string, void> {
  yield encode({ generation, revision: cursor.told });
  let advancedAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const loaded = replica.current!;
    const { snapshot } = loaded;
    if (snapshot.generation !== generation) return yield encode({ end: 'generation_changed' });
    const news = gather(cursor, loaded);
    if (news === 'compacted') return yield encode({ end: 'compacted' });
    if (news !== '') {
      yield news;
      continue;
    }
    const passedOver = snapshot.revision > cursor.told;
    const dueMs = advancedAt + ADVANCE_MS - performance.now();
    if (passedOver && dueMs <= 0) {
      yield encode(cursor.advance(loaded));
      advancedAt = performance.now();
      continue;
    }
    const more = await replica.reached(snapshot.revision + 1, passedOver ? Math.ceil(dueMs) : pingMs);
    if (!more && !passedOver) yield encode({ ping: true });
  }
}

/** As many lines as make a chunk; none where nothing is new. What was gathered before a gap is sent first. */
function gather(cursor: Cursor, loaded: Loaded): string | 'compacted' {
  let chunk = '';
  while (chunk.length < CHUNK_LENGTH) {
    const line = cursor.next(loaded);
    if (line === 'compacted' && chunk === '') return line;
    if (typeof line !== 'object') break;
    chunk += encode(line);
  }
  return chunk;
}

/** @throws ServiceError: why the changes since `since` can't be had here. */
export function requireHeld(
  { snapshot, history }: Loaded,
  since: { generation: string; revision: number },
): void {
  const details = { generation: snapshot.generation, revision: snapshot.revision, floor: history.floor };
  if (since.generation !== snapshot.generation) throw new ServiceError('generation_changed', { details });
  if (since.revision > snapshot.revision) throw new ServiceError('revision_not_reached', { details });
  if (since.revision < history.floor) throw new ServiceError('compacted', { details });
}
