import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseEnvironment, port, readAccess, urlList } from './environment.ts';

const schema = z.object({ PORT: port.default(8080), ETCD_URLS: urlList, READS: readAccess });

describe('parseEnvironment', () => {
  test.each([
    [{ ETCD_URLS: 'http://a:1' }, { PORT: 8080, ETCD_URLS: ['http://a:1'], READS: 'token' }],
    [
      { ETCD_URLS: 'http://a:1, http://b:2', PORT: '0', READS: 'open' },
      { PORT: 0, ETCD_URLS: ['http://a:1', 'http://b:2'], READS: 'open' },
    ],
    [
      { ETCD_URLS: 'http://a:1', PORT: '' },
      { PORT: 8080, ETCD_URLS: ['http://a:1'], READS: 'token' },
    ],
  ])('%o is valid', (variables, expected) => {
    expect(parseEnvironment(schema, variables)).toEqual(expected);
  });

  test('a URL that others may be told of holds no login', () => {
    const parse = () => parseEnvironment(schema, { ETCD_URLS: 'http://b:2,http://who:hunter2@a:1' });
    expect(parse).toThrow(/ETCD_URLS.*must hold no user and no password/);
    expect(parse).not.toThrow(/hunter2/);
  });

  test('every error is reported, no value is repeated', () => {
    const parse = () => parseEnvironment(schema, { PORT: 'hunter2', ETCD_URLS: 'not a url' });
    expect(parse).toThrow(/PORT/);
    expect(parse).toThrow(/ETCD_URLS/);
    expect(parse).not.toThrow(/hunter2/);
  });
});
