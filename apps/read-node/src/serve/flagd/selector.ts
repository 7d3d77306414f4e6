/** What a client of flagd's selects: `service=…,environment=…`, either of them or none. */

import { z } from '@hono/zod-openapi';
import {
  Environment,
  environmentNotServed,
  fieldFault,
  parseRequest,
  type Scope,
  ServiceName,
} from '@quantivista/contracts';

/** It is also what is known of who selects, and so part of every context: clients merge it in. */
export interface Selection {
  readonly service?: string;
  readonly environment?: string;
}

const Selector = z.strictObject({ service: ServiceName.optional(), environment: Environment.optional() });

/**
 * @param bearer the service that the token names: it stands above what its bearer says
 * @returns the selection; its environment is that of the node where this one holds no other
 * @throws ServiceError `invalid_request`, `unknown_environment`, `environment_not_served`
 */
export function parseSelector(text: string, scope: Scope, bearer?: string): Selection {
  const parts = text.split(',').flatMap(part => part.trim() || []);
  const pairs = parts.map(part => {
    const equals = part.indexOf('=');
    if (equals < 0) throw fieldFault('selector', `${part} is not {name}={value}`);
    return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  });
  const { environment, ...selected } = parseRequest(Selector, Object.fromEntries(pairs), 'selector');
  const service = bearer ?? selected.service;
  if (environment !== undefined && !scope.includes(environment)) throw environmentNotServed(scope);
  const [only, ...others] = scope.environments;
  const known = environment ?? (others.length === 0 ? only : undefined);
  return { ...(service !== undefined && { service }), ...(known !== undefined && { environment: known }) };
}
