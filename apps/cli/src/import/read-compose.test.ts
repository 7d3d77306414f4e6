// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DocumentError, readEnv } from '@quantivista/documents';
import { expect, test } from 'vitest';
import { readCompose } from './read-compose.ts';

import { requireNames } from './wanted.ts';

function read(text: string, variables: Record<string, string> = {}, files: Record<string, string> = {}) {
  const warnings: string[] = [];
  const wanted = readCompose({
    text,
    name: 'compose.yaml',
    variables: new Map(Object.entries(variables)),
    readFile: path => files[path],
    warn: message => warnings.push(message),
  });
  const services = Object.fromEntries(
    [...wanted].map(([name, values]) => [name, Object.fromEntries(values)]),
  );
  return { services, warnings };
}

test('list and map forms; a name alone takes the value of the env file, or is left out', () => {
  const text = `
services:
  list:
    environment:
      - A=1
      - B=two = 2
      - EMPTY=
      - KNOWN
      - UNKNOWN
  map:
    environment:
      A: 1
      B: true
      BIG: 12345678901234567890
      FLOAT: 1.50
      QUOTED: "1.50"
      EMPTY: ""
      KNOWN:
      UNKNOWN: null
  none:
    image: scratch
`;
  expect(read(text, { KNOWN: 'yes' })).toEqual({
    services: {
      list: { A: '1', B: 'two = 2', EMPTY: '', KNOWN: 'yes' },
      map: {
        A: '1',
        B: 'true',
        BIG: '12345678901234567890',
        FLOAT: '1.5',
        QUOTED: '1.50',
        EMPTY: '',
        KNOWN: 'yes',
      },
      none: {},
    },
    warnings: [],
  });
});

test('anchors, merge keys and variables', () => {
  const text = `
x-common: &common
  LEVEL: info
  HOST: \${HOST}
x-more: &more
  MORE: $$literal
services:
  a:
    environment:
      <<: [*common, *more]
      LEVEL: debug
  b:
    environment: *common
  c: &c
    environment: ["URL=http://\${HOST}:\${PORT:-80}/\${MISSING}", "AGAIN=$MISSING"]
  d:
    <<: *c
    image: other
`;
  const { services, warnings } = read(text, { HOST: 'h' });
  expect(services).toEqual({
    a: { LEVEL: 'debug', HOST: 'h', MORE: '$literal' },
    b: { LEVEL: 'info', HOST: 'h' },
    c: { URL: 'http://h:80/', AGAIN: '' },
    d: { URL: 'http://h:80/', AGAIN: '' },
  });
  expect(warnings).toEqual(['compose.yaml: MISSING is not set: it becomes an empty string']);
});

test('env files come before one another in order, and after environment', () => {
  const text = `
services:
  a:
    env_file:
      - first.env
      - path: \${SECOND}
      - path: absent.env
        required: false
    environment:
      - OWN=own
      - HIDDEN
  b:
    env_file: first.env
`;
  const files = { 'first.env': 'X=1\nY=1\nOWN=file\nHIDDEN=file', 'second.env': 'Y=2\nZ="$OWN $PROJECT"' };
  expect(read(text, { SECOND: 'second.env', PROJECT: 'p' }, files).services).toEqual({
    a: { X: '1', Y: '2', Z: 'own p', OWN: 'own' },
    b: { X: '1', Y: '1', OWN: 'file', HIDDEN: 'file' },
  });
});

test.each([
  ['services: [', /^compose\.yaml: .*line 1/],
  ['volumes: {}', /no services/],
  ['services: {a: {environment: ["A=${B:?set B}"]}}', /service a: B is required: set B/],
  ['services: {a: {environment: {A: [1]}}}', /service a, A: a variable must be a plain value/],
  ['services: {a: {env_file: gone.env}}', /service a: there is no env_file gone\.env/],
])('%s is refused', (text, message) => {
  expect(() => read(text)).toThrow(DocumentError);
  expect(() => read(text)).toThrow(message);
});

test('all names that can not be used are listed together', () => {
  const wanted = new Map([
    ['Upper', new Map([['fine', 1]])],
    ['watch', new Map()],
    ['good', new Map([['with space', 1]])],
  ]);
  expect(() => requireNames(wanted)).toThrow(
    /"Upper".*\n.*"watch".*reserved.*\n.*service good: key "with space"/,
  );
});

const data = resolve(import.meta.dirname, '../../../../../shared/data');
test.skipIf(!existsSync(data))('a public system of some twenty services', () => {
  const fail = (name: string) => {
    throw new Error(`${name} is not set`);
  };
  const wanted = readCompose({
    text: readFileSync(resolve(data, 'otel-demo.compose.yaml'), 'utf8'),
    name: 'otel-demo.compose.yaml',
    variables: readEnv({
      text: readFileSync(resolve(data, 'otel-demo.env'), 'utf8'),
      name: '.env',
      onUnset: fail,
    }),
    readFile: () => undefined,
    warn: fail,
  });
  requireNames(wanted);
  expect(wanted.size).toBe(20);
  expect(Object.fromEntries(wanted.get('cart')!)).toEqual({
    CART_PORT: '7070',
    FLAGD_HOST: 'flagd',
    FLAGD_PORT: '8013',
    VALKEY_ADDR: 'valkey-cart:6379',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4317',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
    OTEL_RESOURCE_ATTRIBUTES:
      'service.namespace=opentelemetry-demo,service.version=3.0.0,service.criticality=high',
    OTEL_SERVICE_NAME: 'cart',
    ASPNETCORE_URLS: 'http://*:7070',
  });
  expect(wanted.get('ad')!.has('_JAVA_OPTIONS')).toBe(false);
  expect(wanted.get('ad')!.get('OTEL_EXPORTER_OTLP_ENDPOINT')).toBe('http://otel-collector:4318');
  expect(wanted.get('product-catalog')!.get('DB_CONNECTION_STRING')).toBe(
    'postgres://astronomy_user:astronomy_password@astronomy-db/astronomy_db?sslmode=disable',
  );
  expect(wanted.get('valkey-cart')!.size).toBe(0);
});
