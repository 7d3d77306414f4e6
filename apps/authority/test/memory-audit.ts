/** The audit trail in memory: what the authority has recorded, and how it can be made to refuse. */
import type { Audit, Intent, Outcome } from '@quantivista/audit';
import { ServiceError } from '@quantivista/contracts';

export interface MemoryAudit {
  readonly audit: Audit;
  readonly intents: Map<string, Intent>;
  readonly outcomes: Map<string, Outcome>;
  /** Whether a call is refused with `audit_unavailable`, by its name and the intent's id. */
  refuses: (call: 'recordIntent' | 'recordOutcome' | 'highestRevision', id: string) => boolean;
  highestRevision: number;
}

export function createMemoryAudit(): MemoryAudit {
  const check = (...of: Parameters<MemoryAudit['refuses']>) => {
    if (trail.refuses(...of)) throw new ServiceError('audit_unavailable');
  };
  const trail: MemoryAudit = {
    intents: new Map(),
    outcomes: new Map(),
    refuses: () => false,
    highestRevision: 0,
    audit: {
      migrate: async () => {},
      recordIntent: async intent => {
        check('recordIntent', intent.id);
        trail.intents.set(intent.id, intent);
      },
      recordOutcome: async ({ id }, outcome) => {
        check('recordOutcome', id);
        if (trail.outcomes.has(id)) return false;
        trail.outcomes.set(id, outcome);
        return true;
      },
      pendingIntents: async () => [...trail.intents.values()].filter(({ id }) => !trail.outcomes.has(id)),
      settledRevision: async (generation, storeRevision) =>
        [...trail.intents.values()]
          .filter(intent => intent.generation === generation && !trail.outcomes.has(intent.id))
          .reduce((least, { readRevision }) => Math.min(least, readRevision), storeRevision),
      versions: async () => [],
      version: async () => undefined,
      versionTimes: async () => ({ createdMs: 0, updatedMs: 0 }),
      revisionAt: async () => undefined,
      changesSince: async () => [],
      history: async () => [],
      highestRevision: async generation => {
        check('highestRevision', generation);
        return trail.highestRevision;
      },
      flagProjection: {
        position: async () => ({ generation: null, revision: 0 }),
        read: async () => ({ position: { generation: null, revision: 0 }, flags: [] }),
        write: async () => 0,
      },
      // Of these nothing is kept in memory: their tests have a Postgres.
      flagUsage: undefined as never,
      events: undefined as never,
      deliveries: undefined as never,
      sealedSecrets: undefined as never,
      denials: undefined as never,
      accessLog: undefined as never,
      tokenUses: undefined as never,
      ping: async () => {},
      close: async () => {},
    },
  };
  return trail;
}
