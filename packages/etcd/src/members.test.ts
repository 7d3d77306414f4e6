import { expect, test } from 'vitest';
import { target } from './members.ts';

test('one host is left as it is; several become one target', () => {
  expect(target(['https://etcd.example:2379'])).toBe('https://etcd.example:2379');
  expect(target(['https://127.0.0.1:1'])).toBe('etcd-members:127.0.0.1:1');
  expect(target(['http://a:1', 'b:2', 'http://[::1]:3/'])).toBe('etcd-members:a:1,b:2,[::1]:3');
});
