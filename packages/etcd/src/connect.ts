/** The etcd3 client as this project uses it: no retries of its own, deadlines on every call, keepalive. */
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { Certificates, Password } from '@quantivista/runtime';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { target } from './members.ts';
import { channelsWith, createChannelCredentials, isSecure } from './secure-channel.ts';

export const DEFAULT_TIMEOUT_MS = 5_000;

export interface EtcdOptions {
  /** All of them `https://`, or none. */
  hosts: readonly string[];
  /** Whom to trust and what to show, where they are `https://`. @default whom the runtime trusts, and nothing */
  certificates?: Certificates | undefined;
  /** Where etcd has users. */
  login?: { readonly username: string; readonly password: Password };
  /** Deadline of one unary call. @default 5000 */
  timeoutMs?: number;
}

/** Makes clients of one etcd. */
export type Connect = () => Etcd3;

export function createConnect(options: EtcdOptions): Connect {
  const { hosts, certificates } = options;
  if (hosts.some(host => isSecure([host]) !== isSecure(hosts)))
    throw new Error('The members of etcd are reached by https:// all of them, or none');
  const credentials = isSecure(hosts) ? createChannelCredentials(hosts, certificates) : undefined;
  return () => connect(options, credentials);
}

/**
 * A client whose fault policies are off. By default etcd3 retries a compare-and-swap whose answer was lost,
 * and then reports that it failed although it is stored; and its breaker blocks every call for 5 s after
 * one oversized answer.
 */
function connect(
  { hosts, login, timeoutMs = DEFAULT_TIMEOUT_MS }: EtcdOptions,
  credentials: ChannelCredentials | undefined,
): Etcd3 {
  const client = new Etcd3({
    hosts: [target(hosts)],
    ...(login && { auth: authOf(login) }),
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: context => (context.isStream ? {} : { deadline: Date.now() + timeoutMs }),
    grpcOptions: {
      ...(credentials && { channelFactoryOverride: channelsWith(credentials) }),
      // etcd cuts off clients that ping more often than every 5 s.
      'grpc.keepalive_time_ms': 6_000,
      'grpc.keepalive_timeout_ms': 3_000,
      // An idle connection is not pinged, which etcd counts as abuse; after a missed deadline etcd3 makes a new one.
      'grpc.keepalive_permit_without_calls': 0,
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      // Channels share connections by default, those that are still being made too: after a partition the
      // channel that etcd3 makes anew at a missed deadline would wait for a packet sent long before.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    },
  });
  if (credentials) {
    // It logs in over a channel that it makes by itself, with what stands here.
    const { pool } = client as unknown as { pool: { authenticator: object } };
    Object.assign(pool.authenticator, { credentials });
  }
  return client;
}

/**
 * etcd3 logs in before its first call, and again at the first unary call that is told `invalid auth token`: a token has
 * run out, or etcd has restarted. It asks for the password each time. Such a call has changed nothing, so that sending
 * it again is safe.
 */
const authOf = ({ username, password }: NonNullable<EtcdOptions['login']>) => ({
  username,
  get password() {
    return password();
  },
});
