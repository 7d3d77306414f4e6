/**
 * Callers whom certificates stand for. TLS has verified them when the connection began; who they are is found out
 * once a connection, and held for as long as whoever signed for them is trusted.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '@quantivista/access';
import type { Certificates } from '@quantivista/runtime';
import { principalIn } from './certificate-name.ts';
import type { CertificateSettings } from './settings.ts';

export interface ClientCertificates {
  /** What the other side of this connection showed; `undefined` where it showed nothing. The same object each time. */
  of(socket: Socket): ClientCertificate | undefined;
  /** Called when others are trusted than before. */
  listen(changed: () => void): void;
}

export interface ClientCertificatesOptions {
  readonly settings: readonly CertificateSettings[];
  /** Whose `ca` are those that clients are verified by. */
  readonly trusted: Pick<Certificates, 'current' | 'onChange'>;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const parseAll = (text = '') => (text.match(PEM) ?? []).map(each => new X509Certificate(each));

/** Itself and those above it, as far as the connection tells. */
function chainOf(leaf: X509Certificate): X509Certificate[] {
  const chain = [leaf];
  for (let above = leaf.issuerCertificate; above && chain.length < 10; above = above.issuerCertificate) {
    if (above.fingerprint256 === chain.at(-1)!.fingerprint256) break;
    chain.push(above);
  }
  return chain;
}

/** A connection that resumes another may know of its own certificate alone: what that one knew is remembered. */
const CHAINS = 10_000;

export function createClientCertificates({
  settings,
  trusted,
}: ClientCertificatesOptions): ClientCertificates {
  const listeners: (() => void)[] = [];
  const chains = new Map<string, X509Certificate[]>();
  const seen = new WeakMap<Socket, ClientCertificate | 'none'>();
  let authorities = trusted.current.ca;
  let parsed: readonly X509Certificate[] | undefined;
  /** How often others became trusted: what was true of a connection at its beginning is asked anew after it. */
  let epoch = 0;
  trusted.onChange(({ ca }) => {
    if (ca === authorities) return;
    authorities = ca;
    parsed = undefined;
    epoch++;
    for (const changed of listeners) changed();
  });

  /** The chain was verified link by link, under those who were trusted then. */
  const isSigned = (chain: readonly X509Certificate[]) => {
    parsed ??= parseAll(authorities);
    return chain.some(each => parsed!.some(ca => each.checkIssued(ca) && each.verify(ca.publicKey)));
  };

  function verifiedChain(leaf: X509Certificate): X509Certificate[] {
    const chain = chainOf(leaf);
    const known = chains.get(leaf.fingerprint256);
    if (known && known.length >= chain.length) return known;
    // The oldest goes.
    if (chains.size >= CHAINS) chains.delete(chains.keys().next().value!);
    chains.set(leaf.fingerprint256, chain);
    return chain;
  }

  function judge(socket: TLSSocket): ClientCertificate | 'none' {
    const leaf = socket.getPeerX509Certificate();
    if (!leaf) return 'none';
    if (!socket.authorized) {
      const why = `a client certificate that is not trusted: ${socket.authorizationError}`;
      return { principal: undefined, why, isTrusted: () => false };
    }
    const chain = verifiedChain(leaf);
    const principal = principalIn(chain, settings);
    // A handshake may have begun before others became trusted, and ended after.
    let at = 0;
    let isTrusted = true;
    return {
      principal,
      why: principal ? 'a client certificate that is over' : 'a client certificate that names nobody here',
      isTrusted: () => {
        if (at !== epoch) isTrusted = isSigned(chain);
        at = epoch;
        return isTrusted;
      },
    };
  }

  return {
    of: socket => {
      let found = seen.get(socket);
      if (found === undefined) {
        found = 'getPeerX509Certificate' in socket ? judge(socket as TLSSocket) : 'none';
        seen.set(socket, found);
      }
      return found === 'none' ? undefined : found;
    },
    listen: changed => void listeners.push(changed),
  };
}
