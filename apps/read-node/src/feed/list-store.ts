/** The whole state of a source, with the generation that it is of. */
import { GENERATION_KEY } from '@quantivista/contracts';
import type { StoreState } from './repair.ts';
import type { Source } from './source.ts';

/** As of now, or of an earlier revision; `undefined` where the source has no state to give. */
export async function listStore(source: Source, revision?: number): Promise<StoreState | undefined> {
  const listed = await source.list(revision);
  if (listed.kind !== 'listed') return undefined;
  const generation = listed.entries.find(entry => entry.key === GENERATION_KEY)?.value;
  return generation === undefined ? undefined : { ...listed, generation };
}
