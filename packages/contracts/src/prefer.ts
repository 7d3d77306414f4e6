/** `Prefer: wait=S` (RFC 7240): how long a writer wants to wait for the regions. */
import { z } from '@hono/zod-openapi';

/** Longest wait that may be asked for, in seconds. */
export const MAX_WAIT_S = 60;

const IS_WAIT = /^\s*wait\s*(?:[=;]|$)/i;
/** A token or a quoted string; parameters after it mean nothing here. */
const WAIT = /^\s*wait\s*=\s*("?)(\d{1,2})\1\s*(?:;.*)?$/i;

/** The members of a list, split at commas outside of quotes. */
const members = (text: string): string[] => text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? [];

/**
 * The seconds of the first `wait` in the text of a Prefer header; `undefined` where there is none, `invalid`
 * where it is not a whole number from 0 to 60. Other preferences are ignored, as the RFC wants it.
 */
export function parseWait(text: string): number | undefined | 'invalid' {
  const wait = members(text).find(member => IS_WAIT.test(member));
  if (wait === undefined) return undefined;
  const seconds = Number(WAIT.exec(wait)?.[2]);
  return seconds <= MAX_WAIT_S ? seconds : 'invalid';
}

/** The header, parsed to the seconds of its `wait`. */
export const PreferWait = z
  .string()
  .transform((text, context) => {
    const seconds = parseWait(text);
    if (seconds !== 'invalid') return seconds;
    context.addIssue({
      code: 'custom',
      message: `wait must be a whole number of seconds from 0 to ${MAX_WAIT_S}`,
    });
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    description: '`wait=S`: answer when every region has applied the change, or after S seconds',
    example: 'wait=10',
  });
