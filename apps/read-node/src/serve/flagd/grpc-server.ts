/**
 * The node's gRPC port, on either runtime. The only place that knows the library. The connections are our own:
 * it has no way to break one off, and a client that does not read would hold its message for as long as it likes.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { type ClientCertificate, credentialOf, isOver } from '@quantivista/access';
import { type ErrorCode, ServiceError } from '@quantivista/contracts';
import type { ClientCertificates } from '@quantivista/issuers';
import type { ServerTls } from '@quantivista/runtime';
import { decodeSyncRequest, type SyncRequest } from './messages.ts';
import type { Sync, SyncCall } from './sync.ts';
import type { SyncSocket } from './sync-streams.ts';

export interface GrpcListener {
  readonly port: number;
  /** End the streams, then take no more calls. */
  close(): Promise<void>;
}

export interface GrpcOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Plain without it. */
  readonly tls?: ServerTls | undefined;
  readonly clientCertificates?: ClientCertificates | undefined;
  readonly sync: Sync;
}

/** A connection that does not answer a ping is broken off. Long enough for a client whose machine is busy. */
const PING_MS = 20_000;
const PONG_TIMEOUT_MS = 20_000;
const CLOSE_GRACE_MS = 500;
const MAX_REQUEST_BYTES = 16 * 1024;

const method = (name: string, responseStream: boolean) => ({
  path: `/flagd.sync.v1.FlagSyncService/${name}`,
  requestStream: false,
  responseStream,
  requestDeserialize: decodeSyncRequest,
  requestSerialize: () => Buffer.alloc(0),
  responseSerialize: (message: Buffer) => message,
  responseDeserialize: (message: Buffer) => message,
});
const SERVICE: ServiceDefinition = {
  SyncFlags: method('SyncFlags', true),
  FetchAllFlags: method('FetchAllFlags', false),
  GetMetadata: method('GetMetadata', false),
};

const STATUS: Partial<Record<ErrorCode, status>> = {
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  invalid_request: status.INVALID_ARGUMENT,
  unknown_environment: status.INVALID_ARGUMENT,
  environment_not_served: status.FAILED_PRECONDITION,
  not_ready: status.UNAVAILABLE,
  shutting_down: status.UNAVAILABLE,
  overloaded: status.UNAVAILABLE,
};
const fault = (error: unknown) => {
  if (!(error instanceof ServiceError)) return { code: status.INTERNAL, details: 'internal' };
  return { code: STATUS[error.code] ?? status.INTERNAL, details: error.message };
};

const text = (metadata: Metadata, name: string): string | undefined => {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
};
const called = (
  { metadata, request }: { metadata: Metadata; request: SyncRequest },
  certificate: ClientCertificate | undefined,
): SyncCall => ({
  ...request,
  // The header is what clients are to send; older ones send the field.
  selector: text(metadata, 'flagd-selector') ?? request.selector,
  credential: credentialOf(text(metadata, 'authorization'), undefined, certificate) ?? null,
});

type Streaming = ServerWritableStream<SyncRequest, Buffer>;
type Unary = ServerUnaryCall<SyncRequest, Buffer>;

export async function listenGrpc({
  hostname,
  port,
  tls,
  clientCertificates,
  sync,
}: GrpcOptions): Promise<GrpcListener> {
  const connections = new Map<string, Socket>();
  const server = new Server({
    'grpc.keepalive_time_ms': PING_MS,
    'grpc.keepalive_timeout_ms': PONG_TIMEOUT_MS,
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
  });
  const certificateOf = (call: Unary | Streaming) => {
    const socket = connections.get(call.getPeer());
    return socket && clientCertificates?.of(socket);
  };
  /** A client stays with its connection for as long as that lasts, and what it shows with it. */
  const breakOver = (call: Unary | Streaming) => {
    const socket = connections.get(call.getPeer());
    if (isOver(certificateOf(call))) setTimeout(() => socket?.destroy(), CLOSE_GRACE_MS);
  };
  const answering =
    (answer: (call: SyncCall) => Buffer) =>
    async (call: Unary, reply: sendUnaryData<Buffer>): Promise<void> => {
      const wanted = called(call, certificateOf(call));
      try {
        await sync.meet(wanted);
        reply(null, answer(wanted));
      } catch (error) {
        reply(fault(error));
        breakOver(call);
      }
    };
  server.addService(SERVICE, {
    SyncFlags: async (call: Streaming) => {
      const wanted = called(call, certificateOf(call));
      const socket: SyncSocket = {
        credential: wanted.credential,
        send: (message, left) => void call.write(message, (error?: Error | null) => error || left()),
        end: (code, details) => {
          call.emit('error', { code: status[code], details });
          breakOver(call);
        },
        destroy: () => connections.get(call.getPeer())?.destroy(),
      };
      call.on('cancelled', () => sync.streams.leave(socket));
      call.on('close', () => sync.streams.leave(socket));
      try {
        await sync.meet(wanted);
        if (!call.cancelled) sync.syncFlags(wanted, socket);
      } catch (error) {
        call.emit('error', fault(error));
        breakOver(call);
      }
    },
    FetchAllFlags: answering(sync.fetchAllFlags),
    GetMetadata: answering(sync.getMetadata),
  });
  const { injectConnection } = server.createConnectionInjector(ServerCredentials.createInsecure());
  const take = (socket: Socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    connections.set(peer, socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (connections.get(peer) === socket) connections.delete(peer);
    });
    injectConnection(socket);
  };
  const secure = tls && createTlsServer({ ...tls.options(), ALPNProtocols: ['h2'] }, take);
  if (secure) tls.renew(secure);
  const listener = secure ?? createServer(take);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, hostname, resolve);
  });
  return {
    port: (listener.address() as AddressInfo).port,
    close: async () => {
      await sync.streams.drain();
      const closed = new Promise(resolve => listener.close(resolve));
      const insist = setTimeout(() => {
        for (const socket of connections.values()) socket.destroy();
      }, CLOSE_GRACE_MS);
      await new Promise(resolve => server.tryShutdown(resolve));
      await closed;
      clearTimeout(insist);
    },
  };
}
