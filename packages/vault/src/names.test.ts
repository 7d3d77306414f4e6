import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kvPath, transitKey } from './names.ts';

test('no two paths are one, and none leads elsewhere', () => {
  const name = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom('..', '.', '../a', '%2e%2e', 'a/b', '?version=1', '#', '\\', 'ü'),
  );
  const path = fc.record({ environment: fc.constantFrom('TEST', 'PRODUCTION'), service: name, key: name });
  fc.assert(
    fc.property(path, ({ environment, service, key }) => {
      const dots = [service, key].some(each => each === '.' || each === '..');
      if (dots) {
        expect(() => kvPath({ environment, service, key })).toThrow();
        return;
      }
      const url = new URL(`/v1/mount/data/${kvPath({ environment, service, key })}`, 'https://vault');
      const parts = url.pathname.split('/').slice(4).map(decodeURIComponent);
      expect(parts).toEqual([environment.toLowerCase(), service, key]);
      expect(url.search + url.hash).toBe('');
    }),
  );
  for (const wrong of ['', '.', '..'])
    expect(() => transitKey({ environment: wrong, service: 'a', key: 'b' })).toThrow();
});
