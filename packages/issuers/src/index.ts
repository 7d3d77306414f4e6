export { type ClientCertificates, createClientCertificates } from './client-certificates.ts';
export { createIssuers, type Issuers } from './issuers.ts';
export { type CertificateSettings, type IssuerSettings, readIssuers, type Vouchers } from './settings.ts';
