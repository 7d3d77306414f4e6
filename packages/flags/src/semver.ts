/**
 * Semantic versions as flagd compares them: a leading `v`, missing parts (`1`, `1.4`) and numbers are taken;
 * what is no version matches nothing.
 */

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
}

const MAX_LENGTH = 256;
const NUMBER = /^(0|[1-9][0-9]{0,15})$/;
const LENIENT_NUMBER = /^[0-9]{1,16}$/;
const IDENTIFIERS = /^[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/;

const isNumber = (text: string, pattern = NUMBER): boolean =>
  pattern.test(text) && Number.isSafeInteger(Number(text));

/** `undefined` for what is no version, of whatever type. */
export function parseVersion(value: unknown): Version | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).replace(/^[vV]/, '');
  if (text.length > MAX_LENGTH) return undefined;
  const [versioned = '', build, ...more] = text.split('+');
  if (more.length > 0 || (build !== undefined && !IDENTIFIERS.test(build))) return undefined;
  const dash = versioned.indexOf('-');
  const core = (dash === -1 ? versioned : versioned.slice(0, dash)).split('.');
  if (core.length < 3 && text === versioned && dash === -1) return partialVersion(core);
  if (core.length !== 3 || !core.every(part => isNumber(part))) return undefined;
  const prerelease = dash === -1 ? [] : parsePrerelease(versioned.slice(dash + 1));
  if (!prerelease) return undefined;
  return { major: Number(core[0]), minor: Number(core[1]), patch: Number(core[2]), prerelease };
}

function partialVersion([major = '', minor = '0']: readonly string[]): Version | undefined {
  if (!isNumber(major, LENIENT_NUMBER) || !isNumber(minor, LENIENT_NUMBER)) return undefined;
  return { major: Number(major), minor: Number(minor), patch: 0, prerelease: [] };
}

function parsePrerelease(text: string): (string | number)[] | undefined {
  if (!IDENTIFIERS.test(text)) return undefined;
  const parts = text.split('.');
  if (parts.some(part => /^0[0-9]+$/.test(part))) return undefined;
  return parts.map(part => (isNumber(part) ? Number(part) : part));
}

/** Without its build. */
export const formatVersion = ({ major, minor, patch, prerelease }: Version): string =>
  [`${major}.${minor}.${patch}`, prerelease.join('.')].filter(part => part !== '').join('-');

/** Below 0 where `a` comes first; builds are not compared. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

function comparePrereleases(a: Version['prerelease'], b: Version['prerelease']): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left, right] = [a[index]!, b[index]!];
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
