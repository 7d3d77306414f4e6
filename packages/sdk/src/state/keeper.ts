/** The newest state that could be used, kept for a start while no node is to be had. */
import type { Topic } from '../request.ts';
import { type Entries, revive, type State } from './state.ts';

/** Where a text is kept: a file, or what else a platform has. */
export interface StateStore {
  /** `undefined` where nothing is kept yet. */
  load(): Promise<string | undefined>;
  /** All of it or nothing. */
  save(text: string): Promise<void>;
}

export interface Kept {
  readonly state: State;
  /** `undefined` where nobody can say. */
  readonly ageMs: number | undefined;
}

export interface Keeper {
  /** @throws where it can't be read; `undefined` where it is of another topic, or none is kept */
  load(): Promise<Kept | undefined>;
  keep(state: State): void;
}

interface Saved {
  readonly format: 1;
  readonly topic: Topic;
  /** Milliseconds since 1970: the only clock that the next process shares. */
  readonly savedAt: number;
  readonly ageMs: number | undefined;
  readonly state: State;
}

/** A state that does not change is saved again after this time, for its age. */
const AGAIN_MS = 60_000;

/** @param onTrouble told where a state can't be saved */
export function createKeeper(
  store: StateStore,
  { environment, service, prefix }: Topic,
  ageMs: () => number | undefined,
  onTrouble: (error: unknown) => void,
): Keeper {
  const topic: Topic = { environment, service, prefix };
  const isThisTopic = (other: Topic) => JSON.stringify(other) === JSON.stringify(topic);
  let saved: Entries | undefined;
  let savedAt = 0;
  /** Nobody had said the age by then: it is saved again as soon as somebody has. */
  let withoutAge = false;
  let next: State | undefined;
  let saving = false;

  /** One at a time, and the newest alone. */
  async function save(): Promise<void> {
    saving = true;
    while (next) {
      const state = next;
      next = undefined;
      saved = state.entries;
      savedAt = Date.now();
      const text: Saved = { format: 1, topic, savedAt, ageMs: ageMs(), state };
      withoutAge = text.ageMs === undefined;
      await store.save(JSON.stringify(text)).catch(onTrouble);
    }
    saving = false;
  }

  return {
    load: async () => {
      const text = await store.load();
      if (text === undefined) return undefined;
      const { format, topic, savedAt, ageMs, state } = JSON.parse(text) as Saved;
      if (format !== 1 || !isThisTopic(topic)) return undefined;
      const passedMs = Date.now() - savedAt;
      // A clock that was set back can't say how much time has passed.
      return {
        state: revive(state),
        ageMs: ageMs === undefined || passedMs < 0 ? undefined : ageMs + passedMs,
      };
    },
    keep: state => {
      const isNews = state.entries !== saved || (withoutAge && ageMs() !== undefined);
      if (!isNews && Math.abs(Date.now() - savedAt) < AGAIN_MS) return;
      next = state;
      if (!saving) void save();
    },
  };
}
