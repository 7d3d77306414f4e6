/** Flags as flagd's JSON. Both evaluators must agree: `test/conformance/flagd-core.test.ts` compares them. */
import { flagVariants } from '@quantivista/contracts';
import type { FlagSet } from '../flag-set.ts';
import { isForService } from '../listing.ts';
import { restingVariant } from '../targeting.ts';
import { FLAGD_SCHEMA, type FlagdDocument, type FlagdFlag } from './document.ts';
import { constantVariant, type Scope, writeTargeting } from './targeting.ts';

export interface ExportOptions {
  /**
   * The service that will read the document: it need not send `service` in its contexts, and flags that are not
   * for it are off. Absent: contexts must hold it.
   */
  readonly service?: string | undefined;
  /** Leave out the flags that are not for `service`, instead. */
  readonly onlyForService?: boolean | undefined;
  /** The document's: `flagSetId`, `version`. */
  readonly metadata?: FlagdDocument['metadata'];
}

/** @returns a document that is valid by flagd's schema, its flags in the order of their names */
export function toFlagd(set: FlagSet, options: ExportOptions = {}): FlagdDocument {
  const { service, onlyForService = false, metadata } = options;
  const scope = { set, service };
  const isIn = (name: string) => !onlyForService || isForService(set.flags.get(name)!.flag, service!);
  const names = [...set.flags.keys()].filter(isIn).sort((a, b) => (a < b ? -1 : 1));
  const flags = Object.fromEntries(names.map(name => [name, writeFlag(name, scope)]));
  return { $schema: FLAGD_SCHEMA, flags, ...(metadata ? { metadata } : {}) };
}

/**
 * A flag that is not enabled is no DISABLED one: flagd's clients would serve the default in their code, which may
 * be on. That is for flags that are archived.
 */
function writeFlag(name: string, scope: Scope): FlagdFlag {
  const { flag } = scope.set.flags.get(name)!;
  const constant = constantVariant(name, scope);
  const targeting = constant === undefined ? writeTargeting(flag, scope) : undefined;
  return {
    state: flag.archived ? 'DISABLED' : 'ENABLED',
    variants: flagVariants(flag),
    defaultVariant: constant ?? restingVariant(flag),
    ...(targeting === undefined ? {} : { targeting }),
    ...(flag.description === '' ? {} : { description: flag.description }),
    ...(flag.metadata ? { metadata: flag.metadata } : {}),
  };
}
