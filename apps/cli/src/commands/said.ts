/** What instances said last of revisions, in a table's columns. */
import type { Instance } from '@quantivista/contracts';
import { printable } from '../show.ts';

export const SAID_HEADING = ['ACKED', 'REFUSED'];

export const saidColumns = ({
  acked_revision,
  refused,
}: Pick<Instance, 'acked_revision' | 'refused'>): string[] => [
  String(acked_revision ?? '–'),
  refused ? [refused.revision, printable(refused.reason ?? '')].join(' ').trimEnd() : '',
];
