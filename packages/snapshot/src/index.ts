export type { Entry, Service } from './service.ts';
export { serviceMap, serviceMapTag } from './service.ts';
export { buildSnapshot, createSnapshot, type KeyChange, type Snapshot } from './snapshot.ts';
