import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOpenTopics } from './open-topics.ts';
import { type Topic, topicFilter } from './topic.ts';

const topic: fc.Arbitrary<Topic> = fc.record(
  {
    environment: fc.constantFrom('TEST' as const, 'STAGING' as const),
    service: fc.constantFrom('risk', 'pricing', '*'),
    prefix: fc.constantFrom('a', 'ab', 'abc', 'b'),
  },
  { requiredKeys: ['environment', 'service'] },
);
const path = fc.record({
  environment: fc.constantFrom('TEST' as const, 'STAGING' as const),
  service: fc.constantFrom('risk', 'pricing'),
  key: fc.constantFrom('a', 'ab', 'abcd', 'b', 'c'),
});
const name = (of: Topic) => `${of.environment} ${of.service} ${of.prefix ?? ''}`;

test('a path concerns the open topics whose filter admits it, and no others', () => {
  fc.assert(
    fc.property(fc.array(topic), fc.array(topic), path, (opened, closed, { environment, service, key }) => {
      const topics = createOpenTopics<Topic>();
      for (const each of opened) topics.open(each, () => each);
      for (const each of closed) topics.close(each);
      const gone = new Set(closed.map(name));
      const left = new Map(
        opened.filter(each => !gone.has(name(each))).map(each => [name(each), each] as const),
      );
      expect(topics.all().map(name).sort()).toEqual([...left.keys()].sort());
      const etcdKey = `/quantivista/${environment.toLowerCase()}/${service}/${key}`;
      const expected = [...left.values()].filter(each => topicFilter(each)(etcdKey)).map(name);
      expect([...topics.concerned({ environment, service, key })].map(name).sort()).toEqual(expected.sort());
    }),
  );
});

test('what is open is opened once', () => {
  const topics = createOpenTopics<object>();
  const of = { environment: 'TEST', service: 'risk' } as const;
  const state = topics.open(of, () => ({}));
  expect(topics.open({ ...of }, () => ({}))).toBe(state);
  expect(topics.open({ ...of, prefix: 'a' }, () => ({}))).not.toBe(state);
});
