/**
 * Whether what was seen of one key can be explained by its having had one value at a time: an order of all
 * operations in which each takes effect between its being sent and its being answered, and sees what the one
 * before has left. The search is Wing and Gong's, with Lowe's memory of states already tried.
 */

/** `undefined` is a key that does not exist; each written value is written once in a history. */
export type Held = string | undefined;

export type KeyOperation = {
  /** Milliseconds of one clock for the whole history. */
  readonly sentAt: number;
  /** Infinity where the answer was lost: it may have taken effect at any time since, or never. */
  readonly answeredAt: number;
} & (
  | { readonly kind: 'read'; readonly saw: Held }
  /** `answer`: `done`, or `unknown` where it was lost. */
  | { readonly kind: 'write'; readonly to: Held; readonly answer: 'done' | 'unknown' }
  /** Only where the key holds `from`; `refused` says that it does not. */
  | {
      readonly kind: 'swap';
      readonly from: Held;
      readonly to: Held;
      readonly answer: 'done' | 'refused' | 'unknown';
    }
);

/** What the key holds after the operation; `impossible` where its answer contradicts what it holds now. */
function step(held: Held, operation: KeyOperation): { readonly held: Held } | 'impossible' {
  switch (operation.kind) {
    case 'read':
      return operation.saw === held ? { held } : 'impossible';
    case 'write':
      return { held: operation.to };
    case 'swap': {
      const fits = operation.from === held;
      if (operation.answer === 'refused') return fits ? 'impossible' : { held };
      if (fits) return { held: operation.to };
      return operation.answer === 'done' ? 'impossible' : { held };
    }
  }
}

/** What an operation leaves as it is can be taken as soon as it fits: that rules out nothing. */
const changes = (operation: KeyOperation, held: Held): boolean => {
  const result = step(held, operation);
  return result !== 'impossible' && result.held !== held;
};

/**
 * Whether a history is linearizable, and how many operations could be explained at the most. What was lost needs
 * no explanation. Since each value is written once, a key holds it once: before it goes, everything that saw it
 * must have its place.
 */
export function explain(
  operations: readonly KeyOperation[],
  start: Held = undefined,
): { readonly linearizable: boolean; readonly explained: number } {
  const ops = operations.toSorted((a, b) => a.sentAt - b.sentAt);
  const wanted = ops.filter(({ answeredAt }) => answeredAt !== Number.POSITIVE_INFINITY).length;
  const tried = new Set<string>();
  let explained = 0;

  /** Those that may be next: no other that is left was answered before they were sent. */
  const candidates = (taken: ReadonlySet<number>): number[] => {
    let deadline = Number.POSITIVE_INFINITY;
    const found: number[] = [];
    for (const [at, { sentAt, answeredAt }] of ops.entries()) {
      if (sentAt > deadline) break;
      if (taken.has(at)) continue;
      deadline = Math.min(deadline, answeredAt);
      found.push(at);
    }
    return found.filter(at => ops[at]!.sentAt <= deadline);
  };
  /** Take all that fits and changes nothing. */
  const settle = (taken: Set<number>, held: Held): number[] => {
    for (;;) {
      const next = candidates(taken);
      const quiet = next.filter(at => step(held, ops[at]!) !== 'impossible' && !changes(ops[at]!, held));
      // What was lost and would change nothing may still change something later.
      const settled = quiet.filter(at => ops[at]!.answeredAt !== Number.POSITIVE_INFINITY);
      if (settled.length === 0) return next.filter(at => changes(ops[at]!, held));
      for (const at of settled) taken.add(at);
    }
  };
  /** Of those left, what can only have seen `held`: the one swap that replaced it, or a read without a place. */
  const bound = (taken: ReadonlySet<number>, held: Held): number | 'stuck' | undefined => {
    if (held === undefined) return undefined;
    let swap: number | undefined;
    for (const [at, each] of ops.entries()) {
      if (taken.has(at)) continue;
      if (each.kind === 'read' && each.saw === held) return 'stuck';
      if (each.kind === 'swap' && each.answer === 'done' && each.from === held) {
        if (swap !== undefined) return 'stuck';
        swap = at;
      }
    }
    return swap;
  };
  const place = (taken: Set<number>, held: Held) => {
    const next = settle(taken, held);
    const answered = [...taken].filter(at => ops[at]!.answeredAt !== Number.POSITIVE_INFINITY).length;
    explained = Math.max(explained, answered);
    const only = bound(taken, held);
    const left = only === undefined ? next : next.filter(at => at === only);
    return { taken, answered, held, next: left };
  };

  const way = [place(new Set(), start)];
  while (way.length > 0) {
    const here = way.at(-1)!;
    if (here.answered === wanted) return { linearizable: true, explained };
    const at = here.next.pop();
    if (at === undefined) {
      way.pop();
      continue;
    }
    const result = step(here.held, ops[at]!);
    if (result === 'impossible') continue;
    const taken = new Set(here.taken).add(at);
    const state = `${[...taken].sort((a, b) => a - b).join()}=${result.held ?? ''}`;
    if (tried.has(state)) continue;
    tried.add(state);
    way.push(place(taken, result.held));
  }
  return { linearizable: false, explained };
}
