/** How the trail is kept as evidence, for Prometheus. */
import type { Metrics } from '@quantivista/runtime';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { Sealer } from './sealer.ts';

export function registerEvidenceMetrics(
  { observed, observedBy }: Metrics,
  sealer: Sealer,
  reconciler: Reconciler,
): void {
  observed('qv_audit_sealed_total', 'rows of the trail sealed', () => sealer.sealed);
  observed('qv_audit_sealed_revision', 'up to which the trail is sealed', () => sealer.revision);
  observed(
    'qv_audit_chains_broken',
    'chains that lack what etcd knows as their end',
    () => sealer.broken.length,
  );
  observed(
    'qv_audit_reconciled_revision',
    'up to which etcd and the trail were compared',
    () => reconciler.revision,
  );
  observedBy(
    'qv_audit_findings_total',
    'what etcd and the trail do not agree on',
    'kind',
    () => reconciler.found,
  );
}
