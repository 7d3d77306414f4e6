import type { Component } from './component.ts';

/** A component that is elsewhere: reachable by its URL, started and ended by somebody else. */
export function external(name: string, url: string): Component {
  const refuse = () => {
    throw new Error(`${name} is not ours`);
  };
  const nothing = async () => {};
  return {
    name,
    url,
    port: Number(new URL(url).port),
    pid: undefined,
    running: false,
    logFile: '',
    logEnd: () => '',
    start: nothing,
    ready: nothing,
    stop: nothing,
    ended: async () => 0,
    kill: refuse,
    restart: refuse,
    pause: refuse,
    resume: refuse,
    wipe: () => {},
  };
}
