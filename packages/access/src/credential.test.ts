import { expect, test } from 'vitest';
import { type ClientCertificate, credentialOf, isOver, shownBy } from './credential.ts';

const certificate = (expiresInMs = 1_000, isTrusted = true): ClientCertificate => ({
  principal: {
    name: 'a',
    kind: 'service',
    groups: [],
    permissions: [],
    expiresAtMs: Date.now() + expiresInMs,
  },
  why: '',
  isTrusted: () => isTrusted,
});
const own = certificate();

test.each<[string, Parameters<typeof credentialOf>, unknown]>([
  ['a header alone', ['Bearer x', undefined, undefined], 'Bearer x'],
  ['a header beside a certificate', ['Bearer x', undefined, own], 'Bearer x'],
  ['an empty header beside a certificate', ['', undefined, own], ''],
  ['a certificate alone', [undefined, undefined, own], own],
  ['a certificate, from a page', [undefined, 'https://page.example', own], undefined],
  ['a certificate, from a page that hides where it is from', [undefined, 'null', own], undefined],
  ['nothing', [undefined, undefined, undefined], undefined],
])('%s', (_, shown, expected) => expect(credentialOf(...shown)).toBe(expected));

test('an app that was given nothing beside the request finds no certificate', () => {
  const header = () => undefined;
  expect(shownBy({ req: { header }, env: undefined })).toBeUndefined();
  expect(shownBy({ req: { header }, env: { certificate: own } })).toBe(own);
});

test('one is over when its time is, or whoever vouched for it is not trusted; not where it named nobody', () => {
  expect([isOver(undefined), isOver(own)]).toEqual([false, false]);
  expect([isOver(certificate(-1)), isOver(certificate(1_000, false))]).toEqual([true, true]);
  expect(isOver({ ...own, principal: undefined, isTrusted: () => false })).toBe(false);
});
