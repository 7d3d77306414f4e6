/** The authority's note in a revision's changes, for those who measure and report. */
import { COMMIT_KEY, type CommitNote } from '@quantivista/contracts';

/** Absent where the revision was not made by the authority: then nobody knows when, and nobody waits. */
export function readCommitNote(
  changes: readonly { readonly key: string; readonly value: string | undefined }[],
): CommitNote | undefined {
  const text = changes.find(change => change.key === COMMIT_KEY)?.value;
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as CommitNote;
    return typeof note.at === 'number' ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds since the commit, by both clocks; not below 0, where this one is behind. */
export const sinceCommit = ({ at }: CommitNote): number => Math.max(0, Date.now() - at);
