/** Every scenario, in the order of the page. */
import type { Scenario } from '../scenario.ts';
import { centreLost } from './centre-lost.ts';
import { cutOff } from './cut-off.ts';
import { steady } from './steady.ts';
import { storm } from './storm.ts';
import { tree } from './tree.ts';
import { wiped } from './wiped.ts';

export const SCENARIOS: readonly Scenario[] = [steady, cutOff, storm, centreLost, wiped, tree];
