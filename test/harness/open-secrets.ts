/** A process that opens the sealed values in SEALED by its settings, and prints what they are. */
import process from 'node:process';
import type { SealedValue } from '@quantivista/contracts';
import { parseEnvironment, silentLog } from '@quantivista/runtime';
import { openSecretStore, type SecretPath, SecretStoreVariables } from '@quantivista/vault';

const { path, kept } = JSON.parse(process.env.SEALED ?? '') as { path: SecretPath; kept: SealedValue[] };
const variables = parseEnvironment(SecretStoreVariables, process.env);
const store = await openSecretStore(variables, silentLog);
if (!store) throw new Error('its settings name no store');
console.log(JSON.stringify(await Promise.all(kept.map(sealed => store.open(path, sealed)))));
await store.close();
