/** Many values at once: out as a document, and in from one. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type Resource, SOME, shownBy } from '@quantivista/access';
import {
  type ConfigType,
  type Configuration,
  type ConfigurationMap,
  type DocumentFormat,
  documentFormat,
  type Environment,
  environmentPrefix,
  exportRoute,
  fieldFault,
  GENERATION_KEY,
  importRoute,
  isSealed,
  isWithheld,
  type Json,
  parseConfigurationKey,
  ServiceError,
  servicePrefix,
  shown,
  WITHHELD_HEADER,
} from '@quantivista/contracts';
import { writeEnv, writeYaml } from '@quantivista/documents';
import { type BulkRequest, carryOut, foresee, resultOf } from '../write/bulk/carry-out.ts';
import { planBulk, type WantedService } from '../write/bulk/plan.ts';
import { openPresent, type PresentConfiguration, readPresent } from '../write/bulk/present.ts';
import type { Dependencies } from './dependencies.ts';
import { stateHeaders } from './headers.ts';
import { documentField, type ImportDocument, readDocument } from './import-document.ts';
import { requireReader } from './read.ts';

/** Of values: an answer is made whole in memory. */
const MAX_EXPORT_BYTES = 64_000_000;

const CONTENT_TYPE: Record<DocumentFormat, string> = {
  json: 'application/json',
  yaml: 'application/yaml; charset=utf-8',
  env: 'text/plain; charset=utf-8',
};

/** A document of one service's map, or of maps by service. */
function writeDocument(
  maps: ReadonlyMap<string, ConfigurationMap>,
  service: string | undefined,
  format: DocumentFormat,
) {
  const one = maps.get(service ?? '') ?? {};
  if (format === 'env') return writeEnv(new Map(Object.entries(one)));
  const value = service === undefined ? Object.fromEntries(maps) : one;
  return format === 'yaml' ? writeYaml(value) : `${JSON.stringify(value, null, 2)}\n`;
}

export function registerBulk(app: OpenAPIHono, dependencies: Dependencies): void {
  const { etcd, callers, writer, secrets, regionWait } = dependencies;

  app.openapi(exportRoute, async c => {
    const { service_name: service, format, ...query } = c.req.valid('query');
    const environment = query.environment as Environment;
    if (format === 'env' && service === undefined) {
      throw fieldFault('query.service_name', 'is needed: an env file is of one service');
    }
    // A document that holds a part must not pass for the whole.
    await requireReader(dependencies, c, { environment, service });
    const { revision, entries } = await etcd.read([GENERATION_KEY]);
    const prefix =
      service === undefined ? environmentPrefix(environment) : servicePrefix(environment, service);
    const listed = await etcd.list({ prefix, revision });
    const generation = entries[0]?.value;
    if (generation === undefined || listed.kind !== 'listed') throw new ServiceError('not_ready');
    if (listed.entries.reduce((sum, { value }) => sum + value.length, 0) > MAX_EXPORT_BYTES) {
      throw new ServiceError('too_large', { message: `over ${MAX_EXPORT_BYTES} bytes: ask for one service` });
    }
    const maps = new Map<string, ConfigurationMap>();
    let withheldKeys = 0;
    for (const { key, value } of listed.entries) {
      const path = parseConfigurationKey(key);
      if (path === undefined) continue;
      const map = maps.get(path.service) ?? {};
      maps.set(path.service, map);
      const configured = (JSON.parse(value) as Configuration).config_value;
      if (isSealed(configured)) withheldKeys++;
      // An env file has nothing but texts: what stands for a value there would be taken for one.
      if (isSealed(configured) && format === 'env') continue;
      map[path.key] = shown(configured);
    }
    const headers = {
      ...(withheldKeys > 0 && { [WITHHELD_HEADER]: String(withheldKeys) }),
      ...stateHeaders(generation, revision),
      'content-type': CONTENT_TYPE[format],
    };
    return c.body(writeDocument(maps, service, format), 200, headers) as never;
  });

  app.openapi(importRoute, async c => {
    const credential = shownBy(c);
    const { name } = await callers.require(credential);
    const query = c.req.valid('query');
    const { prefer: wait } = c.req.valid('header');
    const { service_name: only, config_type: type } = query;
    const environment = query.environment as Environment;
    const dryRun = query.dry_run === 'true';
    const atomic = query.atomic === 'true';
    const format = query.format ?? documentFormat(c.req.header('content-type') ?? '')!;
    const document = readDocument(await c.req.arrayBuffer(), format, only);
    const places = [...document.wanted.keys()].map(service => ({ environment, service }));
    // Also of what turns out to be as it is wanted already.
    const resources = [...document.wanted].flatMap(([service, values]) =>
      [...values.keys(), SOME].map((key): Resource => ({ environment, service, key, type: SOME })),
    );
    await callers.require(credential, ['write'], ...resources);
    const read = await readPresent(etcd, places, {
      revision: query.expected_revision,
      generation: query.expected_generation,
    });
    const services = await Promise.all(
      places.map(({ service }, index) =>
        openPresent(secrets, read.services[index]!, key => document.wanted.get(service)!.has(key)),
      ),
    );
    const present = { ...read, services };
    const usual = format === 'env' ? 'ENVIRONMENT_VARIABLE' : undefined;
    const plan = planBulk(
      present,
      places.map(({ service }, index) =>
        wantedService({
          environment,
          service,
          document,
          only,
          replace: query.mode === 'replace',
          changeType: query.change_type === 'true',
          present: present.services[index]!,
          typeOf: key => type ?? present.services[index]!.get(key)?.configuration.config_type ?? usual,
        }),
      ),
    );
    const request: BulkRequest = {
      actor: name,
      reason: query.reason ?? '',
      rollbackAvailable: true,
      awaited: wait !== undefined,
    };
    const { generation, revision: readAt } = present;
    if (dryRun) {
      const prospect = await foresee(dependencies, plan, request, { atomic });
      const result = resultOf(plan, readAt, { dry_run: true, ...prospect, warnings: [...document.warnings] });
      return c.json(result, 200, stateHeaders(generation, readAt));
    }
    const { transactions, last } = await carryOut(writer, plan, request, { atomic });
    const revision = last?.revision ?? null;
    const result = resultOf(plan, readAt, {
      dry_run: false,
      revision,
      transactions,
      warnings: [...document.warnings],
    });
    const waited = last ? await regionWait.headers(wait, last) : {};
    return c.json(result, 200, { ...stateHeaders(generation, revision ?? readAt), ...waited });
  });
}

interface WantedOptions {
  readonly environment: Environment;
  readonly service: string;
  readonly document: ImportDocument;
  /** The service that the whole document is of. */
  readonly only: string | undefined;
  readonly replace: boolean;
  readonly changeType: boolean;
  readonly present: ReadonlyMap<string, PresentConfiguration>;
  readonly typeOf: (key: string) => ConfigType | undefined;
}

function wantedService({
  environment,
  service,
  document,
  only,
  replace,
  changeType,
  present,
  typeOf,
}: WantedOptions): WantedService {
  const values = document.wanted.get(service)!;
  // As it came out of an export: it stays what it is.
  const stays = ([key, value]: [string, Json]) => {
    if (!isWithheld(value)) return false;
    if (present.has(key)) return true;
    throw fieldFault(
      documentField(service, key, only),
      'is withheld, and there is no such key to be left as it is',
    );
  };
  return {
    environment,
    service,
    values: new Map(
      [...values]
        .filter(each => !stays(each))
        .map(([key, value]) => [key, { value, configType: typeOf(key), changeType }]),
    ),
    removes: key => replace && !values.has(key),
    field: key => documentField(service, key, only),
  };
}
