import { join } from 'node:path';
import type { CreatedToken, Permission, ProposalView } from '@quantivista/contracts';
import type { Component } from '../../infra/stack/component.ts';
import { type Api, createApi } from './api.ts';
import { startCentre } from './centre.ts';
import { createFaultFile, type FaultFile } from './fault-file.ts';

export interface Person {
  readonly api: Api;
  readonly token: CreatedToken;
  /** Of a proposal; the digest is asked for first. */
  approve(id: string): ReturnType<Api['request']>;
  post(path: string, body?: unknown): ReturnType<typeof post>;
}

const post = (api: Api, path: string, body: unknown = {}) =>
  api.request<ProposalView>('POST', `/api/v1/proposals${path}`, { body });

export interface Authorities {
  readonly etcd: Component;
  readonly postgres: Component;
  readonly first: Component;
  readonly second: Component;
  /** Of the first. */
  readonly fault: FaultFile;
  /** The admin token. */
  readonly token: string;
  /** With the admin token. */
  readonly admin: Api;
  /** With a token made for them; its calls go to `authority`. @default the first */
  person(name: string, permissions: readonly Permission[], authority?: Component): Promise<Person>;
  /** The same person at another authority. */
  at(authority: Component, token: string): Person['post'];
  stop(): Promise<void>;
}

export async function startAuthorities(env: Readonly<Record<string, string>> = {}): Promise<Authorities> {
  let fault: FaultFile | undefined;
  const centre = await startCentre({
    authorities: 2,
    env: ({ dir }, index) => {
      fault ??= createFaultFile(join(dir, 'fault-point'));
      return { ...env, ...(index === 0 && fault.env) };
    },
  });
  const { etcd, postgres, token } = centre;
  const [first, second] = centre.authorities as [Component, Component];
  const admin = createApi({ url: first.url, token });
  return {
    etcd,
    postgres,
    first,
    second,
    fault: fault!,
    token,
    admin,
    at: ({ url }, token) => {
      const api = createApi({ url, token });
      return (path, body) => post(api, path, body);
    },
    person: async (name, permissions, authority = first) => {
      const body = { name, permissions };
      const { body: token } = await admin.request<CreatedToken>('POST', '/api/v1/access/tokens', { body });
      const api = createApi({ url: authority.url, token: token.token });
      return {
        api,
        token,
        post: (path, sent) => post(api, path, sent),
        approve: async id => {
          const { body: seen } = await api.request<ProposalView>('GET', `/api/v1/proposals/${id}`);
          return post(api, `/${id}/approve`, { digest: seen.digest });
        },
      };
    },
    stop: centre.stop,
  };
}
