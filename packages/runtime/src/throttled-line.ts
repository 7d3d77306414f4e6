/** For lines of the log that come as often as requests do: a flood of those must not fill it. */

/** @param write writes one line. Answers what writes one in `intervalMs`, with how many were `not_logged` since the last */
export function throttledLine(write: (fields: object) => void, intervalMs = 1_000): (fields: object) => void {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let notLogged = 0;
  return fields => {
    if (performance.now() - writtenAt < intervalMs) {
      notLogged++;
      return;
    }
    writtenAt = performance.now();
    write({ ...fields, not_logged: notLogged });
    notLogged = 0;
  };
}
