/** Points in time as they are typed, made what the authority takes. */
import { InvalidArgumentError } from 'commander';

/** A day, or a day and a time; with an offset from UTC, or none. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

const EXAMPLES = '2026-12-01, 2026-12-01T06:00 or 2026-12-01T06:00:00Z';

/** `undefined` for what is none. */
function time(text: string): string | undefined {
  const at = TIME.test(text) ? Date.parse(text.includes('T') ? text : `${text}T00:00`) : Number.NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** What looks like `also`, or a time. */
const orTime = (also: RegExp, message: string) => (text: string) => {
  const parsed = also.test(text) ? text : time(text);
  if (parsed === undefined) throw new InvalidArgumentError(`${message}: ${EXAMPLES}.`);
  return parsed;
};

/*
 * Each of an option's text, and throws InvalidArgumentError. A time becomes one in UTC; without an offset it is one of
 * this machine's zone, and a day is its beginning there.
 */
export const parseTime = orTime(/(?!)/, 'It is no time');
/** A number, of the store's revisions or of events, stays what it is. */
export const parseTimeOrNumber = orTime(/^\d{1,15}$/, 'It is neither a number nor a time');
/** `24h`: so long ago. */
export const parseTimeOrSpan = orTime(/^\d{1,9}[mhd]$/, 'It is neither a time nor a span such as 24h');
/** A revision, `present`, or `v7` for a version of a key. */
export const parsePointText = orTime(/^(\d{1,15}|present|v\d{1,9})$/, 'It is no revision, version or time');
