/** The client library says by itself what comes over the wire, and says the same. The compiler holds most of it. */
import { type AckRequest, type AppliedUpdate, WatchFrame } from '@quantivista/contracts';
import { expect, expectTypeOf, test } from 'vitest';
import type * as wire from '../../packages/sdk/src/follow/wire.ts';
import { parseFrame } from '../../packages/sdk/src/follow/wire.ts';

test('what nodes send is what is expected, and what is said is what they take', () => {
  expectTypeOf<WatchFrame>().toExtend<wire.Frame>();
  expectTypeOf<WatchFrame['type']>().toEqualTypeOf<wire.Frame['type']>();
  expectTypeOf<AppliedUpdate>().toExtend<wire.AppliedUpdate>();
  expectTypeOf<wire.Ack>().toExtend<Pick<AckRequest, 'revision' | 'applied' | 'error'>>();
});

test('every type of frame is known', () => {
  const head = { generation: '5b8f2f4e-6a51-4c0e-9a5e-1f6f3d1d7c11', revision: 1 };
  const types = WatchFrame.options.map(({ shape }) => shape.type.value);
  expect(types.map(type => parseFrame(JSON.stringify({ type, ...head }))?.type)).toEqual(types);
});
