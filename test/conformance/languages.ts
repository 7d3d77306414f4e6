/** Clients in other languages: how each one's program is built and run, and where it departs from the table. */
import { findProgram } from '../../infra/stack/programs.ts';
import { type Case, failed, type Seen } from './cases.ts';

type Command = readonly [program: string, ...args: string[]];

export interface Language {
  readonly name: string;
  /** The folder of its program; it is built in a copy. */
  readonly folder: string;
  readonly provider: string;
  /** Where its version is pinned. */
  readonly manifest: string;
  /** Programs that must be there. */
  readonly needs: readonly string[];
  readonly build: readonly Command[];
  /** Given the table's path, and OFREP_URL and OFREP_TOKEN. */
  readonly run: Command;
  /** What its provider answers where it departs from OFREP, in words and in fact. */
  readonly departures: readonly Departure[];
}

export interface Departure {
  readonly what: string;
  /** What is seen in place of what is wanted; `undefined` where it does not apply. */
  readonly of: (each: Case, wanted: Seen) => Seen | undefined;
}

const isNested = ({ context }: Case) => Object.values(context).some(value => typeof value === 'object');

export const LANGUAGES: readonly Language[] = [
  {
    name: 'Python',
    folder: 'python',
    provider: 'openfeature-provider-ofrep',
    manifest: 'requirements.txt',
    needs: ['python3'],
    build: [
      ['python3', '-m', 'venv', 'venv'],
      ['venv/bin/pip', 'install', '--quiet', '--requirement', 'requirements.txt'],
    ],
    run: ['venv/bin/python', 'main.py'],
    departures: [],
  },
  {
    name: 'Go',
    folder: 'go',
    provider: 'github.com/open-feature/go-sdk-contrib/providers/ofrep',
    manifest: 'go.mod',
    needs: ['go'],
    build: [['go', 'build', '-mod=readonly', '-o', 'program', '.']],
    run: ['./program'],
    departures: [
      {
        what: "an archived flag serves the code's default: its variant comes along, its value does not",
        of: (each, wanted) => (wanted.reason === 'DISABLED' ? { ...wanted, value: each.default } : undefined),
      },
    ],
  },
  {
    name: 'Rust',
    folder: 'rust',
    provider: 'open-feature-ofrep',
    manifest: 'Cargo.toml',
    needs: ['cargo'],
    build: [['cargo', 'build', '--locked', '--quiet']],
    run: ['target/debug/conformance'],
    departures: [
      {
        what: 'each reason is STATIC; attributes within others are not sent as JSON',
        of: (each, wanted) =>
          wanted.errorCode !== undefined
            ? undefined
            : isNested(each)
              ? { name: each.name, value: false, variant: 'off', reason: 'STATIC' }
              : { ...wanted, reason: 'STATIC' },
      },
      {
        what: 'a value of another type is a PARSE_ERROR',
        of: (each, wanted) =>
          wanted.errorCode === 'TYPE_MISMATCH' ? failed(each, 'PARSE_ERROR') : undefined,
      },
    ],
  },
  {
    name: 'Java',
    folder: 'java',
    provider: 'dev.openfeature.contrib.providers:ofrep',
    manifest: 'pom.xml',
    needs: ['java', 'mvn'],
    build: [['mvn', '--quiet', '--batch-mode', 'compile']],
    run: ['java', '-cp', 'target/classes:target/lib/*', 'Conformance'],
    departures: [],
  },
];

/** Where a toolchain may be, besides PATH. */
const FOLDERS = ['/usr/local/go/bin'];

/** Those of its programs that are not installed. */
export const missingOf = ({ needs }: Language): string[] => needs.filter(name => !findProgram(name, FOLDERS));

/** The path to start; one within the built folder stays as it is. */
export const located = (program: string): string =>
  program.includes('/') ? program : (findProgram(program, FOLDERS) ?? program);

/** What this client should print for a case. */
export const wantedOf = ({ departures }: Language, each: Case, wanted: Seen): Seen =>
  departures.map(departure => departure.of(each, wanted)).find(Boolean) ?? wanted;
