export { may, UNSTATED_PERMISSIONS } from './permissions.ts';
export { authenticate, type Principal, principalOf, type TokenRecord } from './principal.ts';
export { bearerOf, createToken, hashToken, isToken, tokenId } from './tokens.ts';
