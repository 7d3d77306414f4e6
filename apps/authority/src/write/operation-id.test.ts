import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOperationId, firstOperationId } from './operation-id.ts';

test('ids are UUIDs of version 7 and sort by time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 47 }),
      fc.integer({ min: 1, max: 10_000 }),
      (atMs, laterMs) => {
        const id = createOperationId(atMs);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(id < createOperationId(atMs + laterMs)).toBe(true);
        expect(firstOperationId(atMs) < id).toBe(true);
        expect(id < firstOperationId(atMs + laterMs)).toBe(true);
      },
    ),
  );
});
