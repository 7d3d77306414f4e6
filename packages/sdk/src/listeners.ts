/** What the program wants to be told of. */

/** Call what is the program's own. What it throws is uncaught, as of an event handler, and stops nothing here. */
export function callOut<A extends readonly unknown[]>(listener: (...args: A) => void, ...args: A): void {
  try {
    listener(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

export interface Listeners<T> {
  /** @returns what takes it back */
  add(listener: (told: T) => void): () => void;
  tell(told: T): void;
}

export function createListeners<T>(): Listeners<T> {
  const listeners = new Set<(told: T) => void>();
  return {
    add: listener => {
      // Each registration is its own, also of one function twice.
      const own = (told: T) => listener(told);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell: told => {
      for (const listener of listeners) callOut(listener, told);
    },
  };
}
