/** What a caller shows of itself. */
import { ServiceError } from '@quantivista/contracts';
import type { Principal } from './principal.ts';

/** The certificate that the other side of a connection showed. One object a connection. */
export interface ClientCertificate {
  /** Whom it stands for; `undefined`: nobody. */
  readonly principal: Principal | undefined;
  /** Why it stands for nobody, for the record. */
  readonly why: string;
  /** Whether who vouched for it is trusted, still. */
  isTrusted(): boolean;
}

/**
 * The text of an Authorization header or, of a request without one, the certificate of its connection. Never both:
 * who shows a token speaks by it alone, and where it is no good nothing else stands in for it. A header is a text
 * and a certificate is none, so that no header can be taken for a certificate.
 */
export type Credential = string | ClientCertificate;

/**
 * What a request shows. A browser sends its user's certificate along with whatever any page asks for, and says so by
 * Origin: then the certificate says nothing of who wants it, and is not taken.
 * @param certificate of its connection
 */
export const credentialOf = (
  authorization: string | undefined,
  origin: string | undefined,
  certificate: ClientCertificate | undefined,
): Credential | undefined => authorization ?? (origin === undefined ? certificate : undefined);

/** What the server knows of a request that is not in it: an app is given it beside the request. */
export interface Connected {
  /** Of its connection. */
  readonly certificate: ClientCertificate | undefined;
}

/** What a request that reached an app's routes shows. */
export const shownBy = (call: {
  readonly req: { header(name: string): string | undefined };
  readonly env: unknown;
}): Credential | undefined =>
  credentialOf(
    call.req.header('authorization'),
    call.req.header('origin'),
    (call.env as Connected | undefined)?.certificate,
  );

/** Whether it stood for someone when its connection began, and does not any more: another connection is needed. */
export const isOver = (certificate: ClientCertificate | undefined): boolean =>
  certificate?.principal !== undefined &&
  (Date.now() >= certificate.principal.expiresAtMs || !certificate.isTrusted());

/** Who shows a certificate is told what is wrong with it: it is a matter of operations, and no secret. */
export const unauthenticated = (credential: Credential | null | undefined): ServiceError =>
  new ServiceError(
    'unauthenticated',
    typeof credential === 'object' && credential ? { message: credential.why } : {},
  );
