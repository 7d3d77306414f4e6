/** Changes of keys, as a table shows them. */
import { showShort } from '../show.ts';

export interface ShownChange {
  readonly change: string;
  readonly config_key: string;
  readonly old_value?: unknown;
  readonly new_value?: unknown;
}

const SIGNS: Readonly<Record<string, string>> = { added: '+', changed: '~', removed: '-' };

export const CHANGE_HEADING = ['', 'KEY', 'OLD', 'NEW'];

/** The cells of one change; `place` stands before the key. */
export const changeCells = (change: ShownChange, place = ''): string[] => [
  SIGNS[change.change] ?? change.change,
  place + change.config_key,
  'old_value' in change ? showShort(change.old_value) : '',
  'new_value' in change ? showShort(change.new_value) : '',
];
