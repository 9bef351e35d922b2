import { isDeepStrictEqual } from "node:util";
import { Document, Scalar } from "yaml";
import type { Path } from "../../snapshot/schema/introspection.ts";
import { TOKEN_ISSUER_DEFAULTS } from "../../snapshot/schema/jwt-issuer.ts";
import { looksLikeReference } from "../../snapshot/secrets/references.ts";
import type { Application, Role, Team } from "../admin/answers.ts";
import { mayBeSecretInService, mayBeSecretInTeam } from "../diff.ts";
import { currentOnes } from "./plan-credentials.ts";
import { type ActualProviders, exportedProviders } from "./providers.ts";
import type {
  ActualCredential,
  ActualIdentityProvider,
  ActualService,
  ActualState,
  ActualSubscription,
  ActualTokenIssuer,
} from "./state.ts";

export interface ExportOptions {
  /** Writes header values, which may be credentials, as they are; otherwise a variable stands for each. */
  headerValues: boolean;
}

export interface Exported {
  /** What `tidegate apply` reads. */
  yaml: string;
  /** Environment variables that have to be set to apply it. */
  variables: readonly string[];
  notes: readonly string[];
}

/** What is there as a file that changes nothing when it is applied. Pure. */
export function exportState(
  { policies, teams, roles, identityProviders, tokenIssuers, ai, services, applications, ...held }: ActualState,
  options: ExportOptions,
): Exported {
  const variables = new Map<string, string>();
  const notes: string[] = [];
  const living = services.filter(({ id, state }) => {
    if (state === "retired") notes.push(`service ${id} is retired: left out`);
    return state !== "retired";
  });
  const own = roles.filter(({ built_in }) => !built_in);
  const content = {
    version: 1,
    ...(policies === null ? {} : policiesField("organisation", policies, options, variables)),
    teams: teams.map((team) => teamEntry(team, options, variables)),
    ...(own.length === 0 ? {} : { roles: own.map(roleEntry) }),
    ...unless((identityProviders ?? []).length === 0, {
      identity_providers: identityProviders?.map((one) => identityProviderEntry(one, notes)),
    }),
    ...unless((tokenIssuers ?? []).length === 0, {
      token_issuers: tokenIssuers?.map((one) => tokenIssuerEntry(one, notes)),
    }),
    ...(ai === null || ai === undefined ? {} : aiEntries(ai, options, variables, notes)),
    services: living.map((service) => serviceEntry(service, options, variables, notes)),
    applications: applications.map((one) => applicationEntry(one, held, options, variables, notes)),
  };
  const document = new Document(content, { aliasDuplicateObjects: false });
  return { yaml: document.toString({ lineWidth: 0 }), variables: [...variables.keys()], notes };
}

function aiEntries(
  ai: ActualProviders,
  options: ExportOptions,
  variables: Map<string, string>,
  notes: string[],
): object {
  return exportedProviders(ai, (id, fields, isHidden) => variablesFor(fields, id, isHidden, options, variables), notes);
}

function teamEntry(
  { id, name, description, policies }: Team,
  options: ExportOptions,
  variables: Map<string, string>,
): object {
  return {
    id,
    ...unless(name === id, { name: escaped(name) }),
    ...given({ description }),
    ...policiesField(id, policies, options, variables),
  };
}

function policiesField(
  id: string,
  policies: Record<string, unknown>,
  options: ExportOptions,
  variables: Map<string, string>,
): object {
  return unless(
    Object.keys(policies).length === 0,
    variablesFor({ policies }, id, mayBeSecretInTeam, options, variables),
  );
}

function roleEntry({ id, name, scope, permissions }: Role): object {
  return { id, ...unless(name === id, { name: escaped(name) }), scope, permissions };
}

/** What the server says of itself is not to be applied. */
const OF_THE_SERVER = [
  "has_client_secret",
  "client_secret_reference",
  "redirect_path",
  "back_channel_logout_path",
  "created_by",
  "created_at",
  "revision",
  "secretFits",
];

function identityProviderEntry(provider: ActualIdentityProvider, notes: string[]): object {
  const { id, name, issuer, ...rest } = provider;
  const fields = Object.entries(rest).filter(([key]) => !OF_THE_SERVER.includes(key));
  if (!provider.has_client_secret) return { id, name: escapedAll(name), issuer, ...escapedEntries(fields) };
  const { client_secret_reference: reference } = provider;
  if (reference !== null) {
    return { id, name: escapedAll(name), issuer, client_secret: escapedAll(reference), ...escapedEntries(fields) };
  }
  const variable = variableName([id, "client_secret"]);
  notes.push(`identity provider ${id}: its client secret is in no export; where none is stored, set ${variable}`);
  // Empty where it is not set: the stored one stays.
  const secret = quoted(`\${${variable}:-}`);
  return { id, name: escapedAll(name), issuer, client_secret: secret, ...escapedEntries(fields) };
}

/** Public keys are in it, secrets are not. */
function tokenIssuerEntry(one: ActualTokenIssuer, notes: string[]): object {
  const { id, issuer, algorithms, jwks_url, jwk_set, keys } = one;
  const own = Object.entries(TOKEN_ISSUER_DEFAULTS).filter(([key, value]) => !isDeepStrictEqual(one[key], value));
  const options = escapedEntries(own.map(([key]) => [key, one[key]]));
  const entry = { id, issuer: escaped(issuer), algorithms, ...options };
  if (jwks_url !== null) return entry;
  const secret = (kid: string | null, field: string, at: number) => {
    const variable = variableName([id, "key", kid ?? at + 1]);
    notes.push(`token issuer ${id}: its secret is in no export; where none is stored, set ${variable}`);
    return { ...(kid === null ? {} : { id: escaped(kid) }), [field]: quoted(`\${${variable}:-}`) };
  };
  if (jwk_set?.keys.every(({ kty }) => kty !== "oct")) return { ...entry, jwk_set: escapedAll(jwk_set) };
  const given = keys?.map(({ id: kid, public_key }, at) => {
    if (public_key === null) return secret(kid, "secret", at);
    return { ...(kid === null ? {} : { id: escaped(kid) }), public_key: escaped(public_key) };
  });
  const ofSet = jwk_set?.keys.map(({ kid }, at) => secret(typeof kid === "string" ? kid : null, "secret_base64", at));
  return { ...entry, keys: given ?? ofSet ?? [] };
}

function credentialEntry(id: string, [text, one]: [string, ActualCredential], notes: string[]): object {
  const { name, expires_at, addresses, basic, hmac, jwt, mtls } = one;
  const secret = (field: string, found: string) => {
    const variable = variableName([id, found, field]);
    notes.push(`application ${id}, ${text}: its ${field} is in no export; where none is stored, set ${variable}`);
    // Empty where it is not set: the stored one stays.
    return { [field]: quoted(`\${${variable}:-}`) };
  };
  return {
    ...unless(name === text, { name: escaped(name) }),
    ...unless(basic === undefined, {
      basic: { ...escapedFields(basic), ...secret("password", basic?.username ?? "") },
    }),
    ...unless(hmac === undefined, { hmac: { ...escapedFields(hmac), ...secret("secret", hmac?.key_id ?? "") } }),
    ...unless(jwt === undefined, { jwt: escapedAll(jwt) }),
    ...unless(mtls === undefined, { mtls: escapedAll(mtls) }),
    ...unless(expires_at === null, { expires_at }),
    ...given({ addresses }),
  };
}

function escapedFields(fields: object | undefined): object {
  return escapedEntries(Object.entries(fields ?? {}));
}

function escapedEntries(fields: [string, unknown][]): object {
  return Object.fromEntries(fields.map(([key, value]) => [key, escapedAll(value)]));
}

function serviceEntry(
  service: ActualService,
  options: ExportOptions,
  variables: Map<string, string>,
  notes: string[],
): object {
  const { id, team, name, description, category, tags, documentation, visibility, approval, draft } = service;
  const isServed =
    service.released !== null &&
    isDeepStrictEqual(service.released.configuration, draft) &&
    service.released.openapi === service.openapi;
  if (service.released !== null && !isServed) {
    notes.push(`service ${id}: its draft is not what is served: it is exported without \`publish: true\``);
  }
  return {
    id,
    team,
    ...unless(name === id, { name: escaped(name) }),
    ...given({ description, category, tags, documentation }),
    visibility,
    approval,
    ...given({ shared_with: service.shared_with }),
    ...unless(!isServed, { publish: true }),
    ...variablesFor(draft, id, mayBeSecretInService, options, variables),
    ...(service.openapi === null ? {} : { openapi: escaped(service.openapi) }),
  };
}

function applicationEntry(
  { id, team, name, description, limits, policies }: Application,
  { credentials, subscriptions }: Pick<ActualState, "credentials" | "subscriptions">,
  options: ExportOptions,
  variables: Map<string, string>,
  notes: string[],
): object {
  const current = [...currentOnes(credentials, id)];
  const held = subscriptions.filter(({ application, state }) => {
    return application === id && (state === "approved" || state === "pending");
  });
  return {
    id,
    team,
    ...unless(name === id, { name: escaped(name) }),
    ...given({ description, limits }),
    ...policiesField(id, policies, options, variables),
    ...unless(current.length === 0, { credentials: current.map((one) => credentialEntry(id, one, notes)) }),
    subscriptions: held
      .sort((one, other) => (one.service < other.service ? -1 : 1))
      .map((one) => subscriptionEntry(one, options, variables, notes)),
  };
}

/** The service alone where nothing else is said, and where the terms are not whoever exports to see and set. */
function subscriptionEntry(
  { application, service, expires_at, limits, policies, state, termsAreOurs }: ActualSubscription,
  options: ExportOptions,
  variables: Map<string, string>,
  notes: string[],
): object | string {
  const hasPolicies = Object.keys(policies).length > 0;
  const hasTerms = state === "approved" && (expires_at !== null || limits.length > 0 || hasPolicies);
  if (!hasTerms) return service;
  if (!termsAreOurs) {
    notes.push(`subscription ${application} → ${service}: its terms are the service's team's: left out`);
    return service;
  }
  return {
    service,
    ...unless(expires_at === null, { expires_at }),
    ...given({ limits }),
    ...policiesField(`${application}_${service}`, policies, options, variables),
  };
}

/** The fields, with a variable in the place of each text that may be a secret. */
function variablesFor(
  fields: Readonly<Record<string, unknown>>,
  id: string,
  mayBeSecret: (path: Path) => boolean,
  { headerValues }: ExportOptions,
  variables: Map<string, string>,
): Record<string, unknown> {
  const convert = (value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => convert(item, [...path, index]));
    // It says where the secret is, and not what it is.
    if (looksLikeReference(value) && mayBeSecret(path)) return escapedAll(value);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, [...path, key])]));
    }
    if (typeof value !== "string") return value;
    const isHidden = !headerValues && mayBeSecret(path);
    return isHidden ? quoted(`\${${variableFor(id, path, value, variables)}}`) : escaped(value);
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, convert(value, [key])]));
}

/** e.g. `BILLING_REQUEST_HEADERS_SET_AUTHORIZATION`; each stands for one value. */
function variableFor(
  id: string,
  path: readonly (string | number)[],
  value: string,
  variables: Map<string, string>,
): string {
  const wanted = variableName([id, ...path]);
  let name = wanted;
  for (let copy = 2; variables.has(name); copy++) name = `${wanted}_${copy}`;
  variables.set(name, value);
  return name;
}

function variableName(path: readonly (string | number)[]): string {
  return path
    .join("_")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "_")
    .replace(/^(?=\d)/, "_");
}

/** In quotes: the value of a variable is a text, whatever it looks like. */
function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Fields that say something. */
function given(fields: Record<string, unknown>): Record<string, unknown> {
  const some = Object.entries(fields).filter(([, value]) => value !== "" && !isDeepStrictEqual(value, []));
  return Object.fromEntries(some.map(([key, value]) => [key, escapedAll(value)]));
}

function unless(left: boolean, fields: object): object {
  return left ? {} : fields;
}

function escapedAll(value: unknown): unknown {
  if (typeof value === "string") return escaped(value);
  if (Array.isArray(value)) return value.map(escapedAll);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapedAll(item)]));
}

/** A `${` that was there already begins no variable. */
function escaped(text: string): string {
  // As a function: `$$` would stand for one `$` in a replacement.
  return text.replaceAll("${", () => "$${");
}
