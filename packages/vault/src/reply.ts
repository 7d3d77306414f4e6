/** What Vault's answers say besides what was asked for. */
import { ServiceError } from '@quantivista/contracts';
import { z } from 'zod';
import type { Reply } from './transport.ts';

const Errors = z.object({ errors: z.array(z.string()) });

/** To be matched with what is known, never to be shown: an error may repeat what was sent. */
export const errorsOf = ({ body }: Reply): string => Errors.safeParse(body).data?.errors.join('\n') ?? '';

/** Its storage says so with a 500. */
export const isTooLarge = (reply: Reply): boolean =>
  reply.status === 413 || (reply.status === 500 && /too large/.test(errorsOf(reply)));

/** A login that Vault answers with no: of a wrong secret id some versions say so with a 500. */
export const isRefusal = (reply: Reply): boolean =>
  reply.status === 400 ||
  reply.status === 403 ||
  (reply.status === 500 && /invalid (role|secret)/.test(errorsOf(reply)));

/** An answer that has no place in the protocol. */
export const unexpected = ({ status }: Reply, path: string): ServiceError =>
  new ServiceError('secrets_unavailable', {
    message: `Vault answers ${status} at ${path}, which is not expected`,
  });
