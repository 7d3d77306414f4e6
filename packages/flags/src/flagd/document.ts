/** flagd's JSON, as far as it is read and written here. */

/** A JsonLogic rule, or a literal. */
export type JsonLogic =
  | string
  | number
  | boolean
  | null
  | readonly JsonLogic[]
  | { readonly [operator: string]: JsonLogic };

export interface FlagdFlag {
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: Readonly<Record<string, unknown>>;
  readonly defaultVariant: string;
  readonly targeting?: JsonLogic;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

export interface FlagdDocument {
  readonly $schema: string;
  readonly flags: Readonly<Record<string, FlagdFlag>>;
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

export const FLAGD_SCHEMA = 'https://flagd.dev/schema/v0/flags.json';
