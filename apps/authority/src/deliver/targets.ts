/**
 * Which addresses a webhook may lead to: those of the public internet, over https; others, and http, only where
 * the configuration names them. It is a name's addresses that are judged, whatever it is called.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface Targets {
  /** Why nothing may be sent to `url`, as far as it says so itself; `undefined` where it may. */
  whyNotUrl(url: string): string | undefined;
  /** Why no connection may be made to `address` for `host`; `undefined` where it may. */
  whyNotAddress(address: string, host: string, secure: boolean): string | undefined;
}

/** Global unicast: what else there is of IPv6 is private, embeds IPv4, or belongs to nobody. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Public by its number alone: it answers a virtual machine about itself. */
const METADATA = ['168.63.129.16'];

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** IPv4 within IPv6 is IPv4. `undefined` for what is no address. */
function parse(text: string): Address | undefined {
  const bare = text.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare);
}

const isPublic = (address: Address): boolean =>
  address.range() === 'unicast' &&
  !METADATA.includes(address.toString()) &&
  (address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6));

const within = (address: Address, [network, bits]: [Address, number]): boolean =>
  address.kind() === network.kind() && address.match([network, bits] as never);

/** @param allow names of hosts, addresses, and networks (`10.0.0.0/8`) */
export function createTargets(allow: readonly string[]): Targets {
  const hosts = new Set(allow.map(each => each.toLowerCase()));
  const networks = allow.flatMap((each): [Address, number][] => {
    if (ipaddr.isValidCIDR(each)) return [ipaddr.parseCIDR(each)];
    const address = parse(each);
    return address ? [[address, address.kind() === 'ipv4' ? 32 : 128]] : [];
  });
  const named = (host: string) => hosts.has(host.toLowerCase());

  const whyNotAddress: Targets['whyNotAddress'] = (text, host, secure) => {
    const address = parse(text);
    if (!address) return 'is not an address';
    if (named(host) || networks.some(network => within(address, network))) return undefined;
    if (!isPublic(address)) return 'leads to an address that is not public';
    return secure ? undefined : 'is not https';
  };

  return {
    whyNotAddress,
    whyNotUrl: text => {
      if (!URL.canParse(text)) return 'is not a URL';
      const url = new URL(text);
      const secure = url.protocol === 'https:';
      if (!secure && url.protocol !== 'http:') return 'is neither https nor http';
      if (url.username !== '' || url.password !== '') return 'holds a user name or password';
      if (url.hash !== '') return 'holds a fragment';
      // A name that ends with a dot is the same name.
      if (url.hostname === '' || url.hostname.endsWith('.'))
        return 'names no host, or one that ends with a dot';
      const port = Number(url.port || (secure ? 443 : 80));
      // Below are the services of machines themselves: mail, remote shells, directories.
      if (port !== 443 && port !== 80 && port < 1_024) return 'has a port that is not 80, 443, or over 1023';
      return parse(url.hostname) && whyNotAddress(url.hostname, url.hostname, secure);
    },
  };
}
