export {
  type ClientCertificate,
  type Connected,
  type Credential,
  credentialOf,
  isOver,
  shownBy,
  unauthenticated,
} from './credential.ts';
export {
  type Action,
  compileRights,
  type Decision,
  type Extent,
  type Item,
  type KeyFilter,
  NO_RIGHTS,
  nameOf,
  type Resource,
  type Rights,
  SOME,
  typeOf,
  withinExtent,
} from './decide.ts';
export { type DenialGathering, gatherDenials } from './denials.ts';
export { type AccessModel, createAccessModel, readAccessModel } from './model.ts';
export { UNSTATED_PERMISSIONS } from './permissions.ts';
export { authenticate, type Principal, principalOf, type TokenRecord } from './principal.ts';
export { BUILT_IN_ROLES, isBuiltIn } from './roles.ts';
export { bearerOf, createToken, hashToken, isToken, tokenId } from './tokens.ts';
