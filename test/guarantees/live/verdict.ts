/** What a run is judged by, and what was found: all of it follows the store's own account. */
import type { StoreRevision, Topic } from '../history.ts';
import type { Violation } from '../violation.ts';
import { followStore } from './follow-store.ts';
import type { Report } from './judged-watcher.ts';
import { createServed, type Served } from './served.ts';
import { createLiveTruth, type LiveTruth } from './truth.ts';
import { createWritten, type Written } from './written.ts';

export interface Verdict {
  readonly truth: LiveTruth;
  readonly served: Served;
  readonly written: Written;
  readonly violations: readonly (Violation | Report)[];
  /** Commits that the store has told of, and the sum of their revisions. */
  readonly commits: { readonly count: number; readonly revisions: number };
  report(violation: Violation | Report): void;
  /** The run itself can't go on. */
  fail(error: unknown): void;
  /** @throws where {@link fail} was called */
  failed(): void;
  /** Follow the store from its first revision on, and hand on what it tells. */
  follow(url: string, topics: readonly Topic[], hand: (revisions: readonly StoreRevision[]) => void): void;
  stop(): void;
}

/** More tell nothing new. */
const VIOLATIONS_KEPT = 50;
/** Reads may be answered from a state this old, or twice as old. */
const KEPT_MS = 60_000;

export function createVerdict(): Verdict {
  const violations: (Violation | Report)[] = [];
  const failures: unknown[] = [];
  const commits = { count: 0, revisions: 0 };
  const report = (violation: Violation | Report) => {
    if (violations.length < VIOLATIONS_KEPT) violations.push(violation);
  };
  const fail = (error: unknown) => void failures.push(error);
  const truth = createLiveTruth();
  const served = createServed(truth, report);
  const written = createWritten(report);
  let stop = () => {};

  return {
    truth,
    served,
    written,
    violations,
    commits,
    report,
    fail,
    failed: () => {
      if (failures.length > 0) throw new Error('the run itself has failed', { cause: failures[0] });
    },
    follow: (url, topics, hand) => {
      const take = (revisions: readonly StoreRevision[]) => {
        const now = performance.now();
        hand(revisions);
        for (const revision of revisions) {
          const commit = truth.add(revision);
          served.proceed(revision.revision, now);
          if (!commit) continue;
          commits.count++;
          commits.revisions += commit.revision;
          written.committed(commit);
        }
      };
      const store = followStore(url, take, fail);
      let roundsAgo = [0, 0];
      const forgetting = setInterval(() => {
        for (const topic of topics) truth.forget(topic, roundsAgo[0]!);
        roundsAgo = [roundsAgo[1]!, truth.reached];
      }, KEPT_MS);
      stop = () => {
        clearInterval(forgetting);
        store.stop();
      };
    },
    stop: () => stop(),
  };
}
