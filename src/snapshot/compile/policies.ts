import type { CachePolicySnapshot, CorsSnapshot, PoliciesSnapshot } from "../../contracts/policies.ts";
import type { PoliciesConfiguration } from "../schema/policies.ts";
import { compileHeaderEdits, compileLimits } from "./common.ts";

/** Undefined where nothing is said: most things have no policies. */
export function compilePolicies(policies: PoliciesConfiguration): PoliciesSnapshot | undefined {
  const compiled: PoliciesSnapshot = {};
  const {
    addresses,
    request_headers,
    response_headers,
    max_body_size,
    cors,
    mock,
    request_schema,
    mirror,
    cache,
    models,
    tools,
  } = policies;
  if (policies.limits !== undefined && policies.limits.length > 0) compiled.limits = compileLimits(policies.limits);
  if (addresses !== undefined) compiled.addresses = { allow: addresses.allow ?? null, deny: addresses.deny };
  if (models !== undefined) compiled.models = { allow: models.allow ?? null, deny: models.deny };
  if (tools !== undefined) compiled.tools = { allow: tools.allow ?? null, deny: tools.deny };
  if (request_headers !== undefined) compiled.requestHeaders = compileHeaderEdits(request_headers);
  if (response_headers !== undefined) compiled.responseHeaders = compileHeaderEdits(response_headers);
  if (max_body_size !== undefined) compiled.maxBodyBytes = max_body_size;
  if (cors !== undefined) compiled.cors = cors === null ? null : compileCors(cors);
  if (mock !== undefined) compiled.mock = { ...mock, headers: Object.entries(mock.headers) };
  if (request_schema !== undefined) {
    compiled.requestSchema =
      request_schema === null ? null : { schema: request_schema.schema, maxBytes: request_schema.max_size };
  }
  if (mirror !== undefined) {
    compiled.mirror = mirror === null ? null : { url: mirror.url, percent: mirror.percent, timeoutMs: mirror.timeout };
  }
  if (cache !== undefined) compiled.cache = cache === null ? null : compileCache(cache);
  return Object.keys(compiled).length === 0 ? undefined : compiled;
}

function compileCors(cors: NonNullable<PoliciesConfiguration["cors"]>): CorsSnapshot {
  return {
    origins: [...new Set(cors.origins)],
    methods: cors.methods ?? null,
    requestHeaders: cors.request_headers ?? null,
    exposedHeaders: cors.exposed_headers,
    credentials: cors.credentials,
    maxAgeMs: cors.max_age,
  };
}

function compileCache(cache: NonNullable<PoliciesConfiguration["cache"]>): CachePolicySnapshot {
  return {
    scope: cache.scope,
    defaultTtlMs: cache.default_ttl ?? null,
    overrideTtlMs: cache.override_ttl ?? null,
    staleWhileRevalidateMs: cache.stale_while_revalidate,
    staleIfErrorMs: cache.stale_if_error,
    varyBy: [...new Set(cache.vary_by)],
  };
}

/** The field of a snapshot's part; none where there are no policies. */
export function withPolicies(policies: PoliciesConfiguration): { policies?: PoliciesSnapshot } {
  const compiled = compilePolicies(policies);
  return compiled === undefined ? {} : { policies: compiled };
}
