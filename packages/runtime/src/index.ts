export * from './backoff.ts';
export * from './environment.ts';
export * from './fault-point.ts';
export * from './log.ts';
export * from './metrics.ts';
export * from './password-file.ts';
export * from './shutdown.ts';
