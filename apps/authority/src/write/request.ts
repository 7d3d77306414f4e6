/** A write as the authority understands it, whichever endpoint it came from. */
import type { ConfigType, ConfigurationPath, Json } from '@quantivista/contracts';

/** What must hold of the key's present state; absent fields do not matter. */
export interface Conditions {
  /** Deep-equals the present value. `null` also matches a key that does not exist. */
  readonly oldValue?: Json;
  /** The key's entity tag, as a read gave it. */
  readonly ifMatch?: string;
  /** The key must not exist. */
  readonly ifAbsent?: boolean;
}

export type RequestedChange = {
  readonly path: ConfigurationPath;
  readonly conditions: Conditions;
  /** Where the change stands in the request, for errors: `body`, `body.changes.3`. */
  readonly field: string;
} & (
  | {
      readonly op: 'set';
      readonly value: Json;
      /** @default the present type, or APPLICATION_CONFIG for a new key */
      readonly configType?: ConfigType | undefined;
      /** @default the present description, or none */
      readonly description?: string | undefined;
    }
  | { readonly op: 'delete' }
);

/** Changes that happen together or not at all. Each key at most once. */
export interface WriteRequest {
  readonly changes: readonly RequestedChange[];
  readonly actor: string;
  readonly reason: string;
  readonly rollbackAvailable: boolean;
  /** The regions are to report the change as soon as they have applied it. */
  readonly awaited?: boolean;
}
