export * from './backoff.ts';
export * from './environment.ts';
export * from './fault-point.ts';
export * from './http-limits.ts';
export * from './log.ts';
export * from './metrics.ts';
export * from './rate-limit.ts';
export * from './shutdown.ts';
