export { authenticate, type Principal, type TokenRecord } from './principal.ts';
export { bearerOf, createToken, hashToken, isToken } from './tokens.ts';
