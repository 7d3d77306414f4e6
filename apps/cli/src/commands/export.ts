/** `qvc export`: the values of a service, or of all services, as a document. */
import type { DocumentFormat } from '@quantivista/contracts';
import { UsageError } from '../fault.ts';
import type { Context } from './context.ts';
import { requireService } from './names.ts';

export async function exportDocument(
  { api, terminal }: Context,
  service: string | undefined,
  { format }: { format: DocumentFormat },
): Promise<void> {
  if (service !== undefined) requireService(service);
  else if (format === 'env') throw new UsageError('An env file is of one service: name it');
  const { body } = await api.exportDocument(service, format);
  if (body !== '') terminal.out(body.trimEnd());
}
