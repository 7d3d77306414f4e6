import {
  configurationKey,
  GENERATION_KEY,
  PROTECTION_PREFIX,
  type ServiceError,
} from '@quantivista/contracts';
import { beforeEach, expect, test } from 'vitest';
import { createMemoryAudit } from '../../test/memory-audit.ts';
import { createMemoryEtcd, type MemoryEtcd } from '../../test/memory-etcd.ts';
import { createWriter, type Writer } from '../write/commit.ts';
import { setConfiguration } from '../write/configuration.ts';
import type { Clearance } from '../write/request.ts';
import { protectionRule } from './protection-rule.ts';

const path = { environment: 'TEST', service: 'risk', key: 'a' } as const;
let store: MemoryEtcd;
let writer: Writer;

beforeEach(() => {
  store = createMemoryEtcd();
  store.put(GENERATION_KEY, '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11');
  writer = createWriter({
    etcd: store.etcd,
    audit: createMemoryAudit().audit,
    faultPoint: () => {},
    rules: [protectionRule],
  });
});

const protect = (more: object = {}) =>
  store.put(
    `${PROTECTION_PREFIX}test`,
    JSON.stringify({ environment: 'TEST', required_approvals: 1, flags: false, break_glass: true, ...more }),
  );
const write = (clearance?: Clearance) =>
  writer
    .write({
      changes: [setConfiguration(path, { value: 1 }, { field: 'body' })],
      actor: 'ann',
      reason: '',
      rollbackAvailable: true,
      ...(clearance && { clearance }),
    })
    .then(
      () => 'committed',
      (error: ServiceError) => error.code,
    );

/** Something happens after a write was planned and before it is committed, once. */
function amidTheWrite(happens: () => void) {
  store.intercept = (txn, carryOut) => {
    if (txn.success.some(each => each.op === 'put' && each.value === 'committed')) {
      store.intercept = (_, next) => next();
      happens();
    }
    return carryOut();
  };
}

test.each<[Clearance | undefined, object, string]>([
  [undefined, {}, 'approval_required'],
  [{ kind: 'approved', approvals: [{ by: 'bob' }] }, {}, 'committed'],
  [{ kind: 'approved', approvals: [{ by: 'ann' }] }, {}, 'approval_required'],
  [{ kind: 'approved', approvals: [{ by: 'bob' }] }, { approvers: ['cid'] }, 'approval_required'],
  [{ kind: 'approved', approvals: [{ by: 'bob' }] }, { required_approvals: 2 }, 'approval_required'],
  [{ kind: 'break_glass' }, {}, 'committed'],
  [{ kind: 'break_glass' }, { break_glass: false }, 'forbidden'],
])('a write with %o where the protection is %o: %s', async (clearance, protection, outcome) => {
  protect(protection);
  expect(await write(clearance)).toBe(outcome);
});

test('a protection that comes between the plan and the commit holds', async () => {
  amidTheWrite(protect);
  expect(await write()).toBe('approval_required');
  expect(store.value(configurationKey(path))).toBeUndefined();
});

test('one that is tightened in between asks for what it asks now', async () => {
  protect();
  amidTheWrite(() => protect({ required_approvals: 2 }));
  expect(await write({ kind: 'approved', approvals: [{ by: 'bob' }] })).toBe('approval_required');
  expect(store.value(configurationKey(path))).toBeUndefined();
});

test('another environment is none of its business', async () => {
  store.put(
    `${PROTECTION_PREFIX}production`,
    JSON.stringify({ environment: 'PRODUCTION', required_approvals: 1, flags: true, break_glass: false }),
  );
  expect(await write()).toBe('committed');
});
