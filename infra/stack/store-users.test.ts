/** The users as the drivers need them, and as the documentation makes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './programs.ts';
import {
  AUTHORITY_GRANTS,
  AUTHORITY_USER,
  CENTRE_ACL,
  etcdctlCommands,
  feederGrants,
  feederUser,
  nodeAcl,
  nodeUser,
} from './store-users.ts';

const documented = readFileSync(join(ROOT, 'docs/store-users.md'), 'utf8');

test.each([
  ['etcd, the authority', etcdctlCommands(AUTHORITY_USER, AUTHORITY_GRANTS).join('\n    ')],
  ['etcd, feeders', etcdctlCommands(feederUser('eu-west'), feederGrants(['eu-west'])).join('\n    ')],
  ['Redis, nodes', `user ${nodeUser('eu-west')} on >PASSWORD ${nodeAcl('eu-west')}`],
  ['Redis, the centre', `user ${AUTHORITY_USER} on >PASSWORD ${CENTRE_ACL}`],
])('the documentation says what the stack does: %s', (_, text) => {
  expect(documented).toContain(`    ${text}\n`);
});

test('whatever a rule of the driver calls, its user may', () => {
  const folder = join(ROOT, 'packages/region/src');
  for (const file of readdirSync(folder)) {
    const acl = file === 'event-stream.ts' ? CENTRE_ACL : nodeAcl('eu-west');
    const called = readFileSync(join(folder, file), 'utf8').matchAll(/redis\.p?call\('(\w+)'/g);
    for (const [, command] of called)
      expect(acl.split(' '), `${file}: ${command}`).toContain(`+${command!.toLowerCase()}`);
  }
});
