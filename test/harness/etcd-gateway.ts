/** etcd by its JSON gateway: it shares no code with the product. */

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** @throws Error with what etcd says, where it refuses */
export async function askEtcd(
  url: string,
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  if (!response.ok) throw new Error(`etcd answers ${response.status} to ${path}: ${await response.text()}`);
  return response;
}
