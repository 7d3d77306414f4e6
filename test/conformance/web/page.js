/** The page that is tested: it shows one flag, anew whenever its provider says that something has changed. */
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';

const METHODS = {
  boolean: 'Boolean',
  string: 'String',
  integer: 'Number',
  float: 'Number',
  object: 'Object',
};

const client = OpenFeature.getClient();
const shown = document.querySelector('#shown');

function show() {
  const { value, reason } = client.getStringDetails(globalThis.shownFlag, 'default');
  shown.textContent = `${value} ${reason}`;
}
for (const event of Object.values(ProviderEvents)) client.addHandler(event, show);

/** Show a flag, as it is at the node. Rejects where the provider can't begin. */
globalThis.connect = async ({ baseUrl, token, cacheMode, flag }) => {
  globalThis.shownFlag = flag;
  await OpenFeature.setContext({ targetingKey: 'ada' });
  const headers = [['Authorization', `Bearer ${token}`]];
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, headers, cacheMode }));
};

/** What the SDK answers to a case of the table. */
globalThis.ask = async ({ name, flag, type, default: otherwise, context }) => {
  await OpenFeature.setContext(context);
  const { value, variant, reason, errorCode } = client[`get${METHODS[type]}Details`](flag, otherwise);
  return { name, value, variant, reason, errorCode };
};
