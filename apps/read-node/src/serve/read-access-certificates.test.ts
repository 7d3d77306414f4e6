import type { ClientCertificate } from '@quantivista/access';
import { BINDINGS_PREFIX, type ServiceError } from '@quantivista/contracts';
import { buildSnapshot } from '@quantivista/snapshot';
import { expect, test } from 'vitest';
import { createHistory } from '../follow/history.ts';
import { createReplica } from '../follow/replica.ts';
import { createReadAccess } from './read-access.ts';

const START = { agingMs: 5_000, staleMs: 30_000 };
const stored = { version: 1, updated_at: '2026-01-01T00:00:00Z', updated_by: 'admin' };
const refusal = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as ServiceError).code;
  }
};

test('those who are known by certificates are never taken for each other, nor for a header', () => {
  const replica = createReplica(START);
  let told: (() => void) | undefined;
  const clientCertificates = {
    listen: (changed: () => void) => {
      told = changed;
    },
  };
  const access = createReadAccess(replica, 'token', { clientCertificates });
  const binding = {
    name: 'b',
    roles: ['reader'],
    subjects: [{ kind: 'service', name: 'cn:a' }],
    services: ['risk'],
    ...stored,
  };
  const entries = [{ key: `${BINDINGS_PREFIX}b`, value: JSON.stringify(binding), modRevision: 2 }];
  replica.replace({ snapshot: buildSnapshot('g', 2, entries), history: createHistory(2, { length: 4 }) });
  let trusted = true;
  const shows = (name: string | undefined, expiresInMs = 60_000): ClientCertificate => ({
    principal:
      name === undefined
        ? undefined
        : { name, kind: 'service', groups: [], permissions: [], expiresAtMs: Date.now() + expiresInMs },
    why: 'it is over',
    isTrusted: () => trusted,
  });
  const may = (credential: ClientCertificate | string | null) =>
    refusal(() => access.require(credential, { environment: 'PRODUCTION', service: 'risk' }));
  const [bound, unbound, nameless, expired] = [
    shows('cn:a'),
    shows('cn:b'),
    shows(undefined),
    shows('cn:a', -1),
  ];
  for (let round = 0; round < 3; round++) {
    expect([bound, unbound, nameless, expired].map(may)).toEqual([
      undefined,
      'forbidden',
      'unauthenticated',
      'unauthenticated',
    ]);
    // No text is any of them.
    for (const text of ['cn:a', 'Bearer cn:a', String(bound), JSON.stringify(bound), '', '[object Object]'])
      expect(may(text)).toBe('unauthenticated');
    expect(may(null)).toBe('unauthenticated');
  }
  expect(access.reader(bound)).toBe(access.reader(bound));
  expect(access.reader(bound)).not.toBe(access.reader(shows('cn:a')));

  const { isKnown, decide } = access.reader(bound)!;
  trusted = false;
  told!();
  expect([isKnown(), decide({ service: 'risk' }).allowed, may(bound)]).toEqual([
    false,
    false,
    'unauthenticated',
  ]);
});
