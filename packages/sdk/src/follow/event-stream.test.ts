import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventParser } from './event-stream.ts';

function parse(pieces: readonly string[]): [string, string][] {
  const events: [string, string][] = [];
  const take = createEventParser((type, data) => events.push([type, data]));
  for (const piece of pieces) take(piece);
  return events;
}

test('fields that are of use, whatever else there is', () => {
  const text =
    'retry: 300\n\n: a comment\nid: 7\nevent: update\ndata: {"a":1}\n\ndata:b\r\ndata: c\r\n\r\nevent: empty\n\ndata\n\ndata: lost';
  expect(parse([text])).toEqual([
    ['update', '{"a":1}'],
    ['message', 'b\nc'],
    ['message', ''],
  ]);
});

test('wherever the text is cut, the events are the same', () => {
  const line = fc
    .string({ unit: fc.constantFrom('a', ':', ' ', '{', 'é', '\r') })
    .filter(each => !each.endsWith('\r'));
  const event = fc.record({
    type: fc.constantFrom('update', 'snapshot'),
    data: fc.array(line, { minLength: 1 }),
  });
  const cuts = fc.array(fc.nat({ max: 400 }));
  fc.assert(
    fc.property(fc.array(event), fc.constantFrom('\n', '\r\n'), cuts, (events, newline, places) => {
      const text = events
        .flatMap(({ type, data }) => [`event: ${type}`, ...data.map(each => `data: ${each}`), ''])
        .map(each => each + newline)
        .join('');
      const at = [0, ...places.filter(place => place < text.length).sort((a, b) => a - b), text.length];
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
      expect(parse(pieces)).toEqual(events.map(({ type, data }) => [type, data.join('\n')]));
    }),
  );
});
