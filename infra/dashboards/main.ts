/** `pnpm dashboards` writes each dashboard as a file that Grafana imports; a test in test/architecture compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority } from './authority.ts';
import { dashboardJson } from './dashboard.ts';
import { network } from './network.ts';
import { readNode } from './read-node.ts';

export const DASHBOARDS = [network, readNode, authority];
export const fileOf = (name: string) => join(import.meta.dirname, `${name}.json`);

if (import.meta.main)
  for (const dashboard of DASHBOARDS) writeFileSync(fileOf(dashboard.name), dashboardJson(dashboard));
