export { createIssuers, type Issuers } from './issuers.ts';
export { type IssuerSettings, readIssuers } from './settings.ts';
