/** Which keys of etcd hold what the trail accounts for. */
import {
  AUDIT_ANCHORS_PREFIX,
  AUTHORITY_PREFIX,
  BINDINGS_PREFIX,
  COMMIT_KEY,
  DISTRIBUTED_PREFIX,
  FLAGS_PREFIX,
  PROPOSALS_PREFIX,
  PROTECTION_PREFIX,
  ROLES_PREFIX,
  SCHEMAS_PREFIX,
  SECRETS_PREFIX,
  SEGMENTS_PREFIX,
  TOKENS_PREFIX,
  WEBHOOKS_PREFIX,
} from '@quantivista/contracts';

const RECORDS = [
  FLAGS_PREFIX,
  SEGMENTS_PREFIX,
  SCHEMAS_PREFIX,
  PROTECTION_PREFIX,
  PROPOSALS_PREFIX,
  WEBHOOKS_PREFIX,
  SECRETS_PREFIX,
  TOKENS_PREFIX,
  ROLES_PREFIX,
  BINDINGS_PREFIX,
];
/** Put with records, and only so. */
const BESIDE_RECORDS = [COMMIT_KEY, `${AUTHORITY_PREFIX}deleted/`];

/** Holds a record: also one whose name the API would not take, put by hand. */
export const isRecordKey = (key: string): boolean =>
  RECORDS.some(prefix => key.startsWith(prefix)) ||
  (key.startsWith(DISTRIBUTED_PREFIX) && key[DISTRIBUTED_PREFIX.length] !== '_');

/** Changes with a committed write of the same revision alone. */
export const isAccountedFor = (key: string): boolean =>
  isRecordKey(key) || BESIDE_RECORDS.some(prefix => key.startsWith(prefix));

/** Ends of chains are put as they are sealed, never deleted. */
export const isAnchorKey = (key: string): boolean => key.startsWith(AUDIT_ANCHORS_PREFIX);
