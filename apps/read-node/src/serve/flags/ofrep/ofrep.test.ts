import { ServiceError } from '@quantivista/contracts';
import { expect, test } from 'vitest';
import { createReplica } from '../../../follow/replica.ts';
import { createOfrep, type OfrepOptions } from './ofrep.ts';
import { createOrigins } from './origins.ts';

const refused = (error: ServiceError) => {
  const replica = createReplica({ agingMs: 1_000, staleMs: 1_000 });
  const options: Pick<OfrepOptions, 'replica' | 'origins'> = { replica, origins: createOrigins(['*']) };
  return createOfrep(options as OfrepOptions).streamRefusal(error, 'https://app.example.com');
};

test('a stream that is refused for the moment is one that ends, and says when to come back', () => {
  const { status, headers, body } = refused(new ServiceError('overloaded', { retryAfterS: 4 }));
  expect([status, body]).toEqual([200, 'retry: 4000\n\n']);
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'access-control-allow-origin': '*',
  });
});

test('a stream that is refused for good has the status of its fault', () => {
  const { status, headers } = refused(new ServiceError('unauthenticated'));
  expect([status, headers['content-type']]).toEqual([401, 'application/json']);
});
