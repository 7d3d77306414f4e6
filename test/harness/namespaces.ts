/**
 * A network namespace for a region, joined to this machine by two links: one to etcd, which can be cut, and
 * one by which the test goes on looking at the region meanwhile. Linux, root and `ip` are needed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import type { Place } from '../../infra/stack/network.ts';

export interface RegionNamespace extends Place {
  /** The link to etcd goes down: both ends lose their routes. */
  linkDown(): void;
  /** The link stays up and loses every packet, in both directions: no end is told. */
  loseEverything(): void;
  heal(): void;
  /** Its processes must have ended. */
  remove(): void;
}

/** Runs `ip`. @throws Error with what it says */
function ip(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ip', [...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr || error?.message}`);
  return stdout;
}

const PREFIX = 'qv';
/** For measuring networks (RFC 2544): no machine has an address in it. */
const NETWORK = '198.18';
/** A hardware address that no one has: what is sent to it is dropped on arrival. */
const NOBODY = '02:00:00:00:00:00';

/** Why namespaces can't be made here; `undefined` where they can. */
export function namespacesUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `${PREFIX}-${process.pid}-try`;
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

/** Delete those whose process was killed before it could. */
function sweep(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name, pid] = new RegExp(`^${PREFIX}-(\\d+)-\\w+`).exec(line) ?? [];
    if (name && !existsSync(`/proc/${pid}`)) ip('netns', 'del', name);
  }
}

/** A third part of an address that is in use nowhere here. */
function freeSubnet(): string {
  const used = ip('-4', '-o', 'addr');
  for (let tries = 0; tries < 200; tries++) {
    const subnet = `${NETWORK}.${Math.floor(Math.random() * 256)}`;
    if (!used.includes(` ${subnet}.`)) return subnet;
  }
  throw new Error('no free subnet was found');
}

let made = 0;

export function createNamespace(): RegionNamespace {
  sweep();
  const id = `${process.pid.toString(36)}${made++}`;
  const netns = `${PREFIX}-${process.pid}-${id}`;
  const subnet = freeSubnet();
  const inside = (...args: readonly string[]) => ip('-n', netns, ...args);
  /** Addresses 1 and 2, or 5 and 6: here and inside. */
  const join = (link: string, first: number) => {
    const [here, there] = [`${PREFIX}${id}${link}`, `${link}0`];
    const [near, far] = [`${subnet}.${first}`, `${subnet}.${first + 1}`];
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', netns);
    ip('addr', 'add', `${near}/30`, 'dev', here);
    ip('link', 'set', here, 'up');
    inside('addr', 'add', `${far}/30`, 'dev', there);
    inside('link', 'set', there, 'up');
    return { here, there, near, far };
  };

  let removed = false;
  const remove = () => {
    if (removed) return;
    removed = true;
    process.off('exit', remove);
    // The links go with it.
    ip('netns', 'del', netns);
  };
  ip('netns', 'add', netns);
  process.on('exit', remove);
  try {
    inside('link', 'set', 'lo', 'up');
    const store = join('store', 1);
    const look = join('look', 5);
    let [down, losing] = [false, false];
    return {
      netns,
      host: look.far,
      etcdHost: store.near,
      linkDown: () => {
        down = true;
        ip('link', 'set', store.here, 'down');
      },
      loseEverything: () => {
        losing = true;
        const to = ['lladdr', NOBODY, 'nud', 'permanent'];
        ip('neigh', 'replace', store.far, 'dev', store.here, ...to);
        inside('neigh', 'replace', store.near, 'dev', store.there, ...to);
      },
      heal: () => {
        if (down) ip('link', 'set', store.here, 'up');
        if (losing) {
          ip('neigh', 'del', store.far, 'dev', store.here);
          inside('neigh', 'del', store.near, 'dev', store.there);
        }
        [down, losing] = [false, false];
      },
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
