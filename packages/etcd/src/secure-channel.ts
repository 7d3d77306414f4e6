/**
 * TLS for etcd3's channels. etcd3 takes certificates once, and a channel that it keeps would make its connections
 * with them for as long as the process runs: these ask for them at each connection.
 */
import { checkServerIdentity, rootCertificates } from 'node:tls';
import { Channel, type ChannelCredentials, type ClientOptions, experimental } from '@grpc/grpc-js';
import type { Certificates } from '@quantivista/runtime';
import { hostOf } from './members.ts';

export const isSecure = (hosts: readonly string[]): boolean => hosts[0]!.startsWith('https://');

/** Once a process for each etcd: what it is given of renewals it is given for good. */
export function createChannelCredentials(
  hosts: readonly string[],
  certificates: Certificates | undefined,
): ChannelCredentials {
  type Listener<Update> = (update: Update | null) => void;
  const toCa = new Set<Listener<experimental.CaCertificateUpdate>>();
  const toIdentity = new Set<Listener<experimental.IdentityCertificateUpdate>>();
  const ca = () => ({ caCertificate: Buffer.from(certificates?.current.ca ?? rootCertificates.join('\n')) });
  const identity = () => {
    const { cert, key } = certificates?.current ?? {};
    return cert && key ? { certificate: Buffer.from(cert), privateKey: Buffer.from(key) } : null;
  };
  certificates?.onChange(() => {
    for (const listener of toCa) listener(ca());
    for (const listener of toIdentity) listener(identity());
  });
  const provider: experimental.CertificateProvider = {
    addCaCertificateListener: listener => {
      toCa.add(listener);
      listener(ca());
    },
    removeCaCertificateListener: listener => void toCa.delete(listener),
    addIdentityCertificateListener: listener => {
      toIdentity.add(listener);
      listener(identity());
    },
    removeIdentityCertificateListener: listener => void toIdentity.delete(listener),
  };
  return experimental.createCertificateProviderChannelCredentials(provider, identity() && provider, {
    rejectUnauthorized: true,
    // gRPC asks for one name whichever member it has reached: a member may have the name of any of them.
    checkServerIdentity: (_, certificate) => {
      const faults = hosts.map(host => checkServerIdentity(hostOf(host), certificate));
      return faults.includes(undefined) ? undefined : faults[0];
    },
  });
}

/** In the place of the channels that etcd3 makes with credentials of its own. */
export const channelsWith =
  (credentials: ChannelCredentials): NonNullable<ClientOptions['channelFactoryOverride']> =>
  (address, _, options) =>
    new Channel(address, credentials, options);
