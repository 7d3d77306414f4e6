/** `flagd.sync.v1.FlagSyncService`: who may call it, and what is answered. The transport is `grpc-server.ts`. */
import { type Credential, SOME } from '@quantivista/access';
import { type Scope, ServiceError } from '@quantivista/contracts';
import type { ReadAccess } from '../read-access.ts';
import { flagsResource } from '../readable.ts';
import { encodeMetadata, type SyncRequest } from './messages.ts';
import { parseSelector, type Selection } from './selector.ts';
import type { SyncSocket, SyncStreams } from './sync-streams.ts';

export interface SyncOptions {
  readonly access: Pick<ReadAccess, 'meet' | 'require'>;
  readonly scope: Scope;
  readonly streams: SyncStreams;
  readonly maxStreams: number;
}

/** What a call brings. */
export interface SyncCall extends SyncRequest {
  readonly credential: Credential | null;
  readonly address: string | undefined;
}

/** Each throws ServiceError. */
export interface Sync {
  readonly streams: SyncStreams;
  /** Streams refused for want of room. */
  readonly refused: number;
  /** To be awaited before any other: who calls may have to be found out. */
  meet(call: SyncCall): Promise<void>;
  syncFlags(call: SyncCall, socket: SyncSocket): void;
  fetchAllFlags(call: SyncCall): Buffer;
  /** Deprecated upstream: the context comes with the flags. Older clients ask it once. */
  getMetadata(call: SyncCall): Buffer;
}

export function createSync({ access, scope, streams, maxStreams }: SyncOptions): Sync {
  let refused = 0;
  const admit = ({ credential, selector }: SyncCall): Selection => {
    const { service } = access.require(credential, flagsResource(SOME));
    const selection = parseSelector(selector, scope, service);
    access.require(credential, flagsResource(selection.service));
    return selection;
  };
  const messageFor = (selection: Selection): Buffer => {
    const message = streams.message(selection);
    if (!message) throw new ServiceError('not_ready');
    return message;
  };
  const refuse = (code: 'overloaded' | 'shutting_down') => {
    refused++;
    throw new ServiceError(code);
  };

  return {
    streams,
    get refused() {
      return refused;
    },
    meet: ({ credential, address }) => access.meet(credential, () => address),
    syncFlags: (call, socket) => {
      const selection = admit(call);
      if (streams.draining) refuse('shutting_down');
      if (streams.open >= maxStreams) refuse('overloaded');
      messageFor(selection);
      streams.join(socket, selection);
    },
    fetchAllFlags: call => messageFor(admit(call)),
    getMetadata: call => encodeMetadata({ ...admit(call) }),
  };
}
