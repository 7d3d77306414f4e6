import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from './configuration.ts';
import { countWithheld, isWithheld, shown, withheld, withhold } from './withheld.ts';

const sealed = { $sealed: { store: 'keyring', text: 'a+b/c==', version: 3, odd: 'q"}{\\' } };

test('a sealed value is withheld wherever it stands', () => {
  const record = { config_value: sealed, list: [1, sealed, { deep: { old_value: sealed } }], after: null };
  const hidden = {
    config_value: withheld(),
    list: [1, withheld(), { deep: { old_value: withheld() } }],
    after: null,
  };
  const text = withhold(JSON.stringify(record));
  expect(JSON.parse(text)).toEqual(hidden);
  expect(countWithheld(text)).toBe(3);
  expect(shown(sealed)).toEqual(withheld());
  expect(isWithheld(shown(sealed))).toBe(true);
});

test('everything else stays as it is, also a text that looks like one', () => {
  const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(value, json => {
      expect(shown(json)).toEqual(json);
      const text = JSON.stringify({ config_value: json, description: JSON.stringify({ a: sealed }) });
      expect(withhold(text)).toBe(text);
    }),
  );
});

test('its text may hold anything', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, after) => {
      const record = { a: { $sealed: { store: 'x', text } }, b: after };
      expect(JSON.parse(withhold(JSON.stringify(record)))).toEqual({ a: withheld(), b: after });
    }),
  );
});
