/** The official JavaScript SDK for servers with its OFREP provider. Run by itself, it asks the table's cases. */
import process from 'node:process';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { type Client, type EvaluationDetails, type JsonValue, OpenFeature } from '@openfeature/server-sdk';
import { type Case, cases, type Seen } from './cases.ts';

let clients = 0;

/** A client with a provider of its own. */
export async function clientOf(baseUrl: string, headers: Record<string, string>): Promise<Client> {
  const domain = `client-${++clients}`;
  const entries = Object.entries(headers);
  await OpenFeature.setProviderAndWait(domain, new OFREPProvider({ baseUrl, headers: entries }));
  return OpenFeature.getClient(domain);
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function details(client: Client, each: Case): Promise<EvaluationDetails<JsonValue>> {
  const context = { ...each.context } as Parameters<Client['getBooleanDetails']>[2];
  const { flag, type, default: value } = each;
  if (type === 'boolean') return client.getBooleanDetails(flag, value as boolean, context);
  if (type === 'string') return client.getStringDetails(flag, value as string, context);
  if (type === 'object') return client.getObjectDetails(flag, value as JsonValue, context);
  return client.getNumberDetails(flag, value as number, context);
}

export async function ask(client: Client, each: Case): Promise<Seen> {
  const { value, variant, reason = '', errorCode } = await details(client, each);
  return {
    name: each.name,
    value,
    reason,
    ...(variant !== undefined && { variant }),
    ...(errorCode !== undefined && { errorCode }),
  };
}

if (import.meta.main) {
  const client = await clientOf(process.env.OFREP_URL!, bearer(process.env.OFREP_TOKEN!));
  for (const each of cases) console.log(JSON.stringify(await ask(client, each)));
}
