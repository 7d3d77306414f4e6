import { expect, test } from 'vitest';
import { tlsFailure, withTlsFailure } from './tls-failure.ts';

const coded = (code: string, message = 'it failed') => Object.assign(new Error(message), { code });

// As Node 26 and Bun 1.4 say it, with a code or, from gRPC, within a text.
test.each([
  ['nobody who is trusted', coded('SELF_SIGNED_CERT_IN_CHAIN')],
  ['nobody who is trusted', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
  [
    'nobody who is trusted',
    new Error('14 UNAVAILABLE: Last error: Error: unable to verify the first certificate'),
  ],
  ['another name', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  [
    'another name',
    new Error("Hostname/IP does not match certificate's altnames: Host: db. is not in the cert's"),
  ],
  ['has expired', coded('CERT_HAS_EXPIRED')],
  ['does not accept', coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')],
  ['does not accept', coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA')],
  ['does not accept', new Error('error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate')],
  ['does not accept', new Error('error:10000412:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE')],
  ['does not speak TLS', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
  ['does not speak TLS', new Error('The server does not support SSL connections')],
])('%s: told of it', (told, error) => {
  expect(tlsFailure(error)).toContain(told);
  const cause = new AggregateError([new Error('timeout'), error]);
  expect(tlsFailure(new Error('fetch failed', { cause }))).toContain(told);
});

test('what is not of TLS is not told', () => {
  expect(tlsFailure(coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'))).toBeUndefined();
  expect(tlsFailure('SELF_SIGNED_CERT_IN_CHAIN')).toBeUndefined();
  expect(withTlsFailure('It does not answer', new Error('timeout'))).toBe('It does not answer');
  const circular = new Error('round');
  circular.cause = circular;
  expect(tlsFailure(circular)).toBeUndefined();
});

test('nothing of the error is repeated', () => {
  const error = coded(
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'Host: db.internal is not in the cert of secret.example',
  );
  expect(withTlsFailure('It does not answer', error)).toBe(
    'It does not answer: its certificate is for another name',
  );
});
