import { describe, expect, test } from 'vitest';
import { allowedAddresses, TargetRefused, whyNotTarget } from './connector.ts';
import { createTargets } from './targets.ts';

const strict = createTargets([]);
const lookup =
  (...addresses: string[]) =>
  async () =>
    addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '168.63.129.16',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '[::1]',
    'not an address',
  ])('%s is refused', address => {
    expect(strict.whyNotAddress(address, 'example.com', true)).toBeDefined();
  });

  test.each(['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '::ffff:1.1.1.1'])(
    '%s is admitted',
    address => {
      expect(strict.whyNotAddress(address, 'example.com', true)).toBeUndefined();
      expect(strict.whyNotAddress(address, 'example.com', false)).toMatch(/https/);
    },
  );

  test('what is named is admitted, by http too', () => {
    const targets = createTargets(['10.1.0.0/16', 'fd00::/8', '192.168.0.7', 'hooks.internal']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '192.168.0.7'])
      expect(targets.whyNotAddress(address, 'x', false), address).toBeUndefined();
    expect(targets.whyNotAddress('192.168.0.8', 'Hooks.Internal', false)).toBeUndefined();
    for (const address of ['10.2.0.1', '192.168.0.8', '127.0.0.1'])
      expect(targets.whyNotAddress(address, 'x', true), address).toBeDefined();
  });
});

describe('URLs', () => {
  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user@example.com/',
    'https://user:secret@example.com/',
    'https://example.com/#x',
    'https://example.com./',
    'https://example.com:22/',
    'https://example.com:0/',
    'http://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fe80::1]/',
    'no url',
  ])('%s is refused', url => {
    expect(strict.whyNotUrl(url)).toBeDefined();
  });

  test.each(['https://example.com/a?b=c', 'https://example.com:8443/', 'https://1.1.1.1/'])(
    '%s is admitted',
    url => {
      expect(strict.whyNotUrl(url)).toBeUndefined();
    },
  );
});

describe('names', () => {
  test.each([
    [['127.0.0.1']],
    [['::1']],
    [['93.184.216.34', '10.0.0.1']],
    [['2606:4700::1', '::ffff:169.254.169.254']],
  ])('one that leads to %s is refused', async addresses => {
    await expect(allowedAddresses('example.com', true, strict, lookup(...addresses))).rejects.toThrow(
      TargetRefused,
    );
    expect(await whyNotTarget('https://example.com/', strict, lookup(...addresses))).toMatch(/not public/);
  });

  test('one that leads to public addresses alone is admitted, over https', async () => {
    const open = lookup('93.184.216.34', '2606:4700::1');
    expect(await allowedAddresses('example.com', true, strict, open)).toHaveLength(2);
    expect(await whyNotTarget('https://example.com/', strict, open)).toBeUndefined();
    expect(await whyNotTarget('http://example.com/', strict, open)).toMatch(/https/);
  });

  test('one that is not known at present may be set', async () => {
    const unknown = async () => Promise.reject(new Error('ENOTFOUND'));
    expect(await whyNotTarget('https://example.com/', strict, unknown)).toBeUndefined();
  });
});
