/** How a process reaches etcd, by its environment. */
import { type Certificates, passwordFile } from '@quantivista/runtime';
import { z } from 'zod';
import type { EtcdOptions } from './connect.ts';

/** To be spread into the schema of an app's environment, beside ETCD_URLS. */
export const etcdLoginVariables = {
  ETCD_USERNAME: z
    .string()
    .optional()
    .describe(
      'Who this process is, where etcd has users (docs/store-users.md). Goes with ETCD_PASSWORD_FILE.',
    ),
  ETCD_PASSWORD_FILE: z.string().optional().describe('File of the password, read anew at each login.'),
};

export interface EtcdSettings {
  readonly ETCD_URLS: readonly string[];
  readonly ETCD_USERNAME?: string | undefined;
  readonly ETCD_PASSWORD_FILE?: string | undefined;
}

/** @throws Error where one of name and password is given and not the other */
export function etcdOptions(settings: EtcdSettings, certificates?: Certificates): EtcdOptions {
  const { ETCD_URLS: hosts, ETCD_USERNAME: username } = settings;
  const password = passwordFile(settings.ETCD_PASSWORD_FILE);
  if ((username === undefined) !== (password === undefined))
    throw new Error('ETCD_USERNAME and ETCD_PASSWORD_FILE: one goes with the other');
  return {
    hosts,
    certificates,
    ...(username !== undefined && password && { login: { username, password } }),
  };
}
