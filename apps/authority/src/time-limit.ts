/** Ends synchronous work that takes too long, which nothing else in one process can. */
import { createContext, Script } from 'node:vm';

/** The work took longer than it may. */
export class OutOfTime extends Error {}

const CALL = new Script('step()');
const realm: { step?: () => void } = createContext({});

/**
 * What `step` returns, within `limitMs` by the clock. V8 stops it wherever it is, within a regular expression
 * too: whatever it was changing may be half changed, and must be dropped. Not to be called within `step`.
 * @throws OutOfTime, and what `step` throws
 */
export function withinTime<T>(limitMs: number, step: () => T): T {
  let result: { readonly value: T } | undefined;
  realm.step = () => {
    result = { value: step() };
  };
  try {
    CALL.runInContext(realm, { timeout: limitMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new OutOfTime(`it takes longer than ${limitMs} ms`);
    }
    throw error;
  }
  return result!.value;
}
