/**
 * The members of one etcd as one target. etcd3 itself takes a member by chance for every call: with one of
 * three dead a third of all calls would fail. A gRPC channel that knows all of them stays with one that
 * works, and goes to another when that one is lost.
 */
import { isIP } from 'node:net';
import { experimental } from '@grpc/grpc-js';

const SCHEME = 'etcd-members';
const DEFAULT_PORT = 2379;

const withoutProtocol = (host: string): string => host.replace(/^https?:\/\//, '').replace(/\/$/, '');

/** What to connect to: names or addresses with ports, a URL's protocol before them or not. */
export function target(hosts: readonly string[]): string {
  // TLS asks a server for a name, and gRPC knows none for an address.
  const nameless = hosts[0]!.startsWith('https:') && isIP(hostOf(hosts[0]!)) !== 0;
  if (hosts.length === 1 && !nameless) return hosts[0]!;
  return `${SCHEME}:${hosts.map(withoutProtocol).join(',')}`;
}

type Address = { host: string; port: number };

/** The name or address of a member. */
export const hostOf = (member: string): string => parseAddress(withoutProtocol(member)).host;

function parseAddress(text: string): Address {
  const { host, port = DEFAULT_PORT } = experimental.splitHostPort(text) ?? { host: text };
  return { host, port };
}

function shuffled<T>(all: readonly T[]): T[] {
  const order = all.map(one => ({ one, at: Math.random() }));
  return order.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
}

/**
 * Names every member, in an order of chance: clients spread over them, and one that etcd3 resets, since its
 * member answers without having a leader, tries another. A class because gRPC makes one for each channel.
 */
class MembersResolver {
  #told = false;
  readonly #members: Address[];
  readonly #listener: experimental.ResolverListener;

  constructor({ path }: experimental.GrpcUri, listener: experimental.ResolverListener) {
    this.#members = shuffled(path.split(',')).map(parseAddress);
    this.#listener = listener;
  }

  /** Also what TLS asks a server's certificate for, which must be no address. */
  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(',').find(member => !isIP(parseAddress(member).host)) ?? 'etcd';
  }

  updateResolution(): void {
    // Once: told again at every failure, the channel would try again at once and without end.
    if (this.#told) return;
    this.#told = true;
    const endpoints = this.#members.map(member => ({ addresses: [member] }));
    process.nextTick(() => this.#listener(experimental.statusOrFromValue(endpoints), {}, null, ''));
  }

  destroy(): void {
    this.#told = false;
  }
}

experimental.registerResolver(SCHEME, MembersResolver);
