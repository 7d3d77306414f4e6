/** A bar that fills from left to right, within one line of the terminal. */

const WIDTH = 30;

/** Draws progress through `write`; nothing for a single step. The bar is wiped when all is done. */
export const createProgress =
  (write: ((text: string) => void) | undefined, unit: string) =>
  (done: number, total: number): void => {
    if (!write || total < 2) return;
    const filled = Math.round((done / total) * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    write(done === total ? '\r\x1b[K' : `\r\x1b[K${bar} ${done}/${total} ${unit}`);
  };
