/**
 * What stands in the place of a value that is not shown: `{"$withheld": why}`, wherever a value may stand. What is
 * kept in the place of a secret's value, `{"$sealed": …}`, is never shown.
 */
import { z } from '@hono/zod-openapi';
import type { Configuration, Json } from './configuration.ts';
import type { SealedValue } from './sealed.ts';

/**
 * `confidential`: shown where it is asked for by those who may read secrets. The others only to those: the store of
 * secrets does not answer, or the version was destroyed there.
 */
export const WITHHELD = ['confidential', 'secrets_unavailable', 'secret_destroyed'] as const;
export const Withheld = z.strictObject({ $withheld: z.enum(WITHHELD) }).openapi('Withheld');
export type Withheld = z.infer<typeof Withheld>;
export type WithheldReason = Withheld['$withheld'];

/** How many values of an answer are withheld; absent where none is. */
export const WITHHELD_HEADER = 'x-config-withheld';

export const withheld = (why: WithheldReason = 'confidential'): Withheld => ({ $withheld: why });

/** Members of these names stand for something else than themselves: no value that is set may hold them. */
export const RESERVED_MEMBERS: readonly string[] = ['$sealed', '$withheld'];

const holds = (value: Json | undefined, member: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, member);
/** Nothing else looks so: no value that is set may have this member. */
export const isSealed = (value: Json | undefined): value is SealedValue => holds(value, '$sealed');
export const isWithheld = (value: Json | undefined): value is Withheld => holds(value, '$withheld');

/** Whether a value is kept sealed: of every SECRET, and of what is to be. */
export const isConfidential = ({
  config_type,
  is_encrypted,
}: Pick<Configuration, 'config_type' | 'is_encrypted'>): boolean => config_type === 'SECRET' || is_encrypted;

/** A value as it is shown. */
export const shown = (value: Json): Json => (isSealed(value) ? withheld() : value);

/** A sealed value within JSON: it holds one flat object of strings and numbers. Within a string, its quotes are escaped. */
const SEALED = /\{"\$sealed":\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}\}/g;
const WITHHELD_TEXT = JSON.stringify(withheld());

/** Whether JSON holds a sealed value; also asked of every read. */
export const holdsSealed = (json: string): boolean => json.includes('{"$sealed":{');

/** JSON, as JSON.stringify writes it, with each sealed value in it withheld. */
export const withhold = (json: string): string =>
  holdsSealed(json) ? json.replaceAll(SEALED, WITHHELD_TEXT) : json;

/** How many values JSON holds that are withheld. */
export const countWithheld = (json: string): number => json.split('{"$withheld":').length - 1;
