import { expect, test } from 'vitest';
import { silentLog } from './log.ts';
import { openServerTls, type ServerTlsConfig } from './server-tls.ts';

test('without a certificate there is no TLS', () => expect(openServerTls({}, silentLog)).toBeUndefined());

test.each<[ServerTlsConfig, RegExp]>([
  [{ TLS_CERT_FILE: 'a' }, /TLS_CERT_FILE and TLS_KEY_FILE are needed together/],
  [{ TLS_KEY_FILE: 'a' }, /TLS_CERT_FILE and TLS_KEY_FILE are needed together/],
  [{ TLS_CLIENT_CA_FILE: 'a' }, /TLS_CLIENT_CA_FILE is of no use without TLS_CERT_FILE/],
  [
    { TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'a', TLS_CLIENT_CERTIFICATES: 'required' },
    /TLS_CLIENT_CERTIFICATES is of no use without TLS_CLIENT_CA_FILE/,
  ],
  [{ TLS_CERT_FILE: '/none.pem', TLS_KEY_FILE: '/none.key' }, /none\.pem can not be read: ENOENT/],
])('%o is refused', (config, named) => {
  expect(() => openServerTls(config, silentLog)).toThrow(named);
});
