/** A bar that fills from left to right, within one line of the terminal. */

const WIDTH = 30;

export interface Progress {
  /** Draw what is done; nothing for a single step. */
  show(done: number, total: number): void;
  /** Wipe the bar: the next line takes its place. */
  end(): void;
}

/** A bar drawn through `write`, or none where that is absent. `unit`: what is counted. */
export function createProgress(write: ((text: string) => void) | undefined, unit: string): Progress {
  let drawn = false;
  return {
    show: (done, total) => {
      if (!write || total < 2) return;
      const filled = Math.round((done / total) * WIDTH);
      write(`\r\x1b[K${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total} ${unit}`);
      drawn = true;
    },
    end: () => {
      if (drawn) write?.('\r\x1b[K');
      drawn = false;
    },
  };
}
