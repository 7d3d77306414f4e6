/** Places in a stream where a fault can be planted, and the hand that plants it. */
import type { AppliedUpdate, UpdateFrame } from '@quantivista/contracts';
import type { History, WatchEvent, Watcher } from './history.ts';

export type Frame = Extract<WatchEvent, { kind: 'frame' }>;
export type Updates = readonly AppliedUpdate[];

export const isFrame = (event: WatchEvent | undefined, type: string): event is Frame =>
  event?.kind === 'frame' && event.frame.type === type;
export const isUpdate = (event: WatchEvent | undefined) => isFrame(event, 'update');
export const updatesOf = (event: WatchEvent | undefined): Updates =>
  isUpdate(event) ? (event.frame as UpdateFrame).updates : [];
export const withUpdates = (event: Frame, updates: Updates): Frame => ({
  ...event,
  frame: { ...event.frame, updates } as UpdateFrame,
});

/** Replace `count` events of one watcher, at one of the places that `fits`, by what `replace` makes of them. */
export function inEvents(
  fits: (events: readonly WatchEvent[], at: number) => boolean,
  replace: (events: readonly WatchEvent[], at: number) => readonly WatchEvent[],
  count = 1,
) {
  return (history: History, choice: number): History | undefined => {
    const places = history.watchers.flatMap(watcher =>
      watcher.events.flatMap((_, at) => (fits(watcher.events, at) ? [{ watcher, at }] : [])),
    );
    const place = places[choice % places.length];
    if (!place) return undefined;
    const events = place.watcher.events.toSpliced(
      place.at,
      count,
      ...replace(place.watcher.events, place.at),
    );
    const watchers = history.watchers.map(
      (each): Watcher => (each === place.watcher ? { ...each, events } : each),
    );
    return { ...history, watchers };
  };
}
