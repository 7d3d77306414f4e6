/** The table of cases that every client is asked, whatever its language, and what it should answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeatureFlagUpdate } from '@quantivista/contracts';

export const TABLE = join(import.meta.dirname, 'cases.json');

export type Failure = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'PARSE_ERROR' | 'GENERAL';

export interface Case {
  readonly name: string;
  readonly flag: string;
  readonly type: 'boolean' | 'string' | 'integer' | 'float' | 'object';
  /** What the code would have where there is no answer. */
  readonly default: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly expected:
    | { readonly value: unknown; readonly variant: string; readonly reason: string }
    | { readonly errorCode: Failure };
}

/** An answer, as each client's program prints it; what is absent is left out. */
export interface Seen {
  readonly name: string;
  readonly value: unknown;
  readonly variant?: string;
  readonly reason: string;
  readonly errorCode?: string;
}

type Flag = FeatureFlagUpdate & { readonly flag_name: string };

export const { flags, cases } = JSON.parse(readFileSync(TABLE, 'utf8')) as {
  readonly flags: readonly Flag[];
  readonly cases: readonly Case[];
};

export const failed = ({ name, default: value }: Case, errorCode: string): Seen => ({
  name,
  value,
  reason: 'ERROR',
  errorCode,
});

/** What is to be seen: a failure gives the code's own default. */
export const wanted = (each: Case): Seen =>
  'errorCode' in each.expected
    ? failed(each, each.expected.errorCode)
    : { name: each.name, ...each.expected };
