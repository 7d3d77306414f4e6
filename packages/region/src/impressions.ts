/** Evaluations of flags, counted by window, flag and variant. */
import type { ImpressionBundle, ImpressionWindow } from '@quantivista/contracts';
import {
  type Counted,
  type CountName,
  countName,
  createTally,
  type Tally,
  type TallyAddress,
  type TallyKind,
} from './tally.ts';

/** @param variant `undefined` where the evaluations served none */
export const impressionName = (flag: string, variant: string | undefined): CountName =>
  countName(flag, variant ?? '');

export type RegionImpressions = Tally<ImpressionBundle>;

const impressions: TallyKind<ImpressionBundle> = {
  name: 'impressions',
  maxBytes: 512 * 1024,
  bundle: (from, counted) => ({ ...from, windows: windowsOf(counted) }),
};
export const createRegionImpressions = (address: TallyAddress): RegionImpressions =>
  createTally(impressions, address);

function windowsOf(counted: readonly Counted[]): ImpressionWindow[] {
  const windows = new Map<number, ImpressionWindow>();
  for (const { at, name, times } of counted) {
    const window = windows.get(at) ?? { at, flags: {}, other: 0 };
    windows.set(at, window);
    const [flag, variant] = name;
    if (flag === undefined) window.other = times;
    else {
      // A flag may be called toString.
      if (!Object.hasOwn(window.flags, flag)) window.flags[flag] = {};
      window.flags[flag]![variant!] = times;
    }
  }
  return [...windows.values()];
}
