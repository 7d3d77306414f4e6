import { expect, test } from 'vitest';
import { target } from './target.ts';

const URL = 'postgres://someone@db.example/trail';
const certificates = {
  current: { ca: 'CA 1' },
  expiresAtMs: 0,
  onChange() {},
  close() {},
};

test('verify-full is TLS with what is current at each connection; its word is not left to pg', () => {
  const { connectionString, ssl } = target(`${URL}?sslmode=verify-full&application_name=qv`, certificates);
  expect(connectionString).toBe(`${URL}?application_name=qv`);
  expect(ssl).toMatchObject({ ca: 'CA 1', rejectUnauthorized: true });
  certificates.current = { ca: 'CA 2' };
  expect(ssl).toMatchObject({ ca: 'CA 2' });
  expect(target(`${URL}?application_name=qv&sslmode=verify-full`, undefined).connectionString).toBe(
    `${URL}?application_name=qv`,
  );
});

test('without a mode, and with disable, there is none, whatever PGSSLMODE says', () => {
  expect(target(URL, certificates)).toEqual({ connectionString: URL, ssl: false });
  expect(target(`${URL}?sslmode=disable`, certificates)).toEqual({ connectionString: URL, ssl: false });
});

test.each(['require', 'verify-ca', 'prefer', 'no-verify', ''])('sslmode=%s is refused', mode => {
  expect(() => target(`${URL}?sslmode=${mode}`, certificates)).toThrow('sslmode must be verify-full');
});

test.each(['ssl=true', 'sslrootcert=/ca.pem', 'sslkey=/k', 'uselibpqcompat=true'])('%s is refused', word => {
  expect(() => target(`${URL}?sslmode=verify-full&${word}`, certificates)).toThrow('LINK_CA_FILE');
});
