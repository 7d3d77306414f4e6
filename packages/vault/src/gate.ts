/** No more calls at once than a limit; those that wait for their turn give up at their deadline. */

export interface Gate {
  /** Resolves to `true` when it is one's turn, then {@link leave} must follow; to `false` at the deadline. */
  enter(timeoutMs: number): Promise<boolean>;
  leave(): void;
}

export function createGate(limit: number): Gate {
  let inside = 0;
  /** In order of arrival: each is told when its turn has come. */
  const waiting = new Set<() => void>();
  return {
    enter: timeoutMs => {
      if (inside < limit) {
        inside++;
        return Promise.resolve(true);
      }
      return new Promise(resolve => {
        const timer = setTimeout(() => {
          waiting.delete(turn);
          resolve(false);
        }, timeoutMs);
        const turn = () => {
          waiting.delete(turn);
          clearTimeout(timer);
          resolve(true);
        };
        waiting.add(turn);
      });
    },
    leave: () => {
      // The place goes to the next one without being free in between: nobody overtakes.
      const [next] = waiting;
      if (next) next();
      else inside--;
    },
  };
}
