/** The client library: configuration in a service's own memory. docs/sdk.md tells how it is used. */
export {
  type ConfigClient,
  type ConfigClientOptions,
  type ConfigStatus,
  createConfigClient,
} from './client.ts';
export type { AppliedUpdate, Bookmark, Json } from './follow/wire.ts';
export { ConfigError } from './refusal.ts';
export type { Fetch, Token } from './request.ts';
export type { Applied, Change, Refused } from './settings.ts';
export type { StateStore } from './state/keeper.ts';
export type { Values } from './state/state.ts';
