/** What callers were denied, and which tokens were used, counted by window. */
import {
  type AccessLogBundle,
  type Denial,
  MANY,
  manyDenials,
  type RepeatedDenial,
} from '@quantivista/contracts';
import {
  type Counted,
  type CountName,
  countName,
  createTally,
  type Tally,
  type TallyAddress,
  type TallyKind,
} from './tally.ts';

export const denialName = ({ caller, action, resource, why }: Denial): CountName =>
  countName(caller, action, resource, why);
/** @param id of the token: neither itself nor its hash */
export const tokenUseName = (id: string): CountName => countName(id);

export type RegionAccessLog = Tally<AccessLogBundle>;

/** A row takes up to five times as much in the bundle as its name did. */
const MAX_BYTES = 256 * 1024;

const accessLog: TallyKind<AccessLogBundle> = {
  name: 'access-log',
  maxBytes: MAX_BYTES,
  bundle: (from, counted) => ({
    ...from,
    denials: denialsOf(counted.filter(({ name }) => name.length !== 1)),
    token_uses: Object.fromEntries(
      counted.flatMap(({ at, name }) => (name.length === 1 ? [[name[0]!, at]] : [])),
    ),
  }),
};
export const createRegionAccessLog = (address: TallyAddress): RegionAccessLog =>
  createTally(accessLog, address);

/** Alike ones become one, whatever their windows. @param counted oldest window first */
function denialsOf(counted: readonly Counted[]): RepeatedDenial[] {
  const denials = new Map<string, RepeatedDenial>();
  for (const { at, name, times } of counted) {
    const alike = JSON.stringify(name);
    const { first_at, times: before } = denials.get(alike) ?? { first_at: at, times: 0 };
    denials.set(alike, { ...denialOf(name), first_at, last_at: at, times: before + times });
  }
  return [...denials.values()];
}

/** @param name empty for what there was no room to name */
function denialOf(name: readonly string[]): Denial {
  const [caller, action, resource, why] = name as [string, string, string, string];
  return name.length === 0 ? manyDenials(MANY) : { caller, action, resource, why };
}
