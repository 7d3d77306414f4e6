/** Why no TLS connection came about, for whoever has to set it right. */

const UNTRUSTED = 'its certificate is signed by nobody who is trusted here';
const EXPIRED = 'its certificate has expired';
const OTHER_NAME = 'its certificate is for another name';
const REFUSED = 'it does not accept the certificate of this process, or there is none';
const NO_TLS = 'it does not speak TLS';

/** By the codes of Node and Bun, and by their texts where a library keeps no more than that. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/CERT_HAS_EXPIRED|certificate has expired/, EXPIRED],
  [/CERT_NOT_YET_VALID|certificate is not yet valid/, 'its certificate is not valid yet: is a clock wrong?'],
  [/ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/, OTHER_NAME],
  [/SELF_SIGNED_CERT|self[- ]signed certificate|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET_ISSUER)/, UNTRUSTED],
  [/CERT_SIGNATURE_FAILURE|certificate signature failure|CERT_UNTRUSTED/, UNTRUSTED],
  [/unable to (verify the first|get (local )?issuer) certificate/, UNTRUSTED],
  [/ALERT_(BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/i, REFUSED],
  [/alert (bad certificate|certificate (required|expired|unknown|revoked)|unknown ca|handshake)/i, REFUSED],
  [/WRONG_VERSION_NUMBER|wrong version number|packet length too long|PACKET_LENGTH_TOO_LONG/i, NO_TLS],
  [/does not support SSL connections/, NO_TLS],
];

/** Longer chains of causes are none of ours. */
const MAX_DEPTH = 8;

/**
 * In words, if an error or one of its causes is of TLS; else `undefined`. Nothing of a certificate or of an address is
 * in it, so that anybody may be told.
 */
export function tlsFailure(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return undefined;
  const told = `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`;
  for (const [pattern, reason] of REASONS) if (pattern.test(told)) return reason;
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return causes.map(cause => tlsFailure(cause, depth + 1)).find(Boolean);
}

/** `said`, and after it why, where an error is of TLS. */
export function withTlsFailure(said: string, error: unknown): string {
  const why = tlsFailure(error);
  return why === undefined ? said : `${said}: ${why}`;
}
