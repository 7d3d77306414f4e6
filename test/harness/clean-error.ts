/** Whether an error keeps to itself what it must not tell. */
import { inspect } from 'node:util';
import { ServiceError } from '@quantivista/contracts';
import { expect } from 'vitest';

/** What `failing` fails with: a ServiceError `secrets_unavailable` that tells none of `untold`, however one looks. */
export async function cleanFailure(
  failing: Promise<unknown>,
  untold: readonly string[],
): Promise<ServiceError> {
  const error = await failing.then(
    value => expect.unreachable(`it answers ${inspect(value)}`),
    error => error as unknown,
  );
  for (let each: unknown = error; each !== undefined; each = (each as Error).cause) {
    const told = [
      inspect(each, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
      JSON.stringify(each),
      String(each),
      (each as Error).stack,
    ].join('\n');
    for (const text of untold) {
      expect(told).not.toContain(text);
      expect(told).not.toContain(Buffer.from(text).toString('base64').slice(0, -4));
    }
  }
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({ code: 'secrets_unavailable' });
  return error as ServiceError;
}
