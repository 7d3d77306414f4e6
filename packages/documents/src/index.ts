export * from './document-error.ts';
export * from './interpolate.ts';
export * from './json.ts';
export * from './read-env.ts';
export * from './read-maps.ts';
export * from './write-env.ts';
export * from './yaml.ts';
