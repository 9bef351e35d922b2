import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SourceReader } from "../../platform/secrets/read-source.ts";
import type { SecretReader } from "../../platform/secrets/secret-store.ts";
import { reasonOf } from "../../snapshot/checks/file-reason.ts";
import { formatPath, type Problem } from "../../snapshot/problems/problem.ts";
import type { Path } from "../../snapshot/schema/introspection.ts";
import { ReferencedSecret } from "../../snapshot/schema/notes.ts";
import { findReferences } from "../../snapshot/secrets/references.ts";
import { resolveReferences } from "../../snapshot/secrets/resolve-references.ts";
import type { LocatedDocument } from "../../snapshot/sources/document.ts";
import type { Environment } from "../../snapshot/sources/environment.ts";
import { validateBy } from "../../snapshot/validate.ts";
import { credentialFrom, secretsReadHere, tokenIssuerFrom } from "./credentials.ts";
import { ABOUT_SERVICE, DECLARATION_CHECKS, type Declaration, declarationSchema } from "./file-schema.ts";
import { identityProviderFrom } from "./identity-provider.ts";
import { modelRouteFrom, providerFrom } from "./providers.ts";
import { folderOf, isMapping, readSources } from "./source-files.ts";
import {
  type DesiredApplication,
  type DesiredService,
  type DesiredState,
  type DesiredSubscription,
  listsBy,
  type Place,
  type Terms,
} from "./state.ts";

export interface Declared {
  /** null when there are problems. */
  desired: DesiredState | null;
  places: ReadonlyMap<string, Place>;
  problems: readonly Problem[];
  warnings: readonly Problem[];
}

/** The key of its policies among the places. */
const ORGANISATION = "organisation policies";

const RULES = { schema: declarationSchema, checks: DECLARATION_CHECKS };
const KINDS = {
  teams: "team",
  roles: "role",
  identity_providers: "identity provider",
  token_issuers: "token issuer",
  providers: "provider",
  services: "service",
  applications: "application",
} as const;

/** Reads what should be from files, folders and standard input. Reports every problem at once. */
export async function readDeclarations(args: readonly string[], environment: Environment): Promise<Declared> {
  const sources = await readSources(args, environment);
  const problems = [...sources.problems];
  const warnings: Problem[] = [];
  const places = new Map<string, Place>();
  const parts: DesiredState[] = [];
  for (const document of sources.documents) {
    const options = { catalogue: [], baseDirectory: folderOf(document) };
    await resolveReferences(document, secretsReadHere, options.baseDirectory, readerOf(environment));
    leaveReferences(document);
    const validation = validateBy(RULES, document, options);
    problems.push(...validation.problems);
    warnings.push(...validation.warnings);
    problems.push(...notePlaces(document, places));
    if (validation.value !== null) parts.push(desiredFrom(document, validation.value, problems));
  }
  return { desired: problems.length === 0 ? united(parts) : null, places, problems, warnings };
}

function readerOf(environment: Environment): SecretReader {
  const reader = new SourceReader(environment);
  return {
    resolve: async (references) => {
      const readings = await reader.read(references);
      return readings.map((reading, at) => {
        return reading.ok ? { ok: true, value: (references[at]?.prefix ?? "") + reading.value } : reading;
      });
    },
  };
}

/** The server has them resolved: they go there as they are. */
function leaveReferences(document: LocatedDocument): void {
  for (const { path, reference } of findReferences(document.value, declarationSchema)) {
    document.replace(path, new ReferencedSecret(typeof reference === "string" ? {} : reference));
    if (typeof reference === "string") {
      document.problems.push({ ...document.locate(path), path, message: reference });
    }
  }
}

/** The same thing in two files: neither is what somebody wants. (In one file, a check has found it.) */
function notePlaces(document: LocatedDocument, places: Map<string, Place>): Problem[] {
  const problems: Problem[] = [];
  if (document.has(["policies"])) notePolicies(document, places, problems);
  for (const [section, kind] of Object.entries(KINDS)) {
    const entries: unknown = isMapping(document.value) ? document.value[section] : undefined;
    if (!Array.isArray(entries)) continue;
    entries.forEach((entry: unknown, index) => {
      if (!isMapping(entry) || typeof entry.id !== "string") return;
      const path = [section, index, "id"];
      const { line, column } = document.locate(path);
      const subject = `${kind} ${entry.id}`;
      const first = places.get(subject);
      if (first === undefined) places.set(subject, { file: document.file, line, column });
      else if (first.file !== document.file) {
        const message = `duplicate ${kind}: it is in ${first.file}:${first.line} already`;
        problems.push({ file: document.file, line, column, path: formatPath(path), message, sourceLine: null });
      }
    });
  }
  return problems;
}

/** They are the organisation's: there is one place for them. */
function notePolicies(document: LocatedDocument, places: Map<string, Place>, problems: Problem[]): void {
  const { line, column } = document.locateKey(["policies"]);
  const first = places.get(ORGANISATION);
  if (first === undefined) places.set(ORGANISATION, { file: document.file, line, column });
  else {
    const message = `the organisation's policies are in ${first.file}:${first.line} already`;
    problems.push({ file: document.file, line, column, path: "policies", message, sourceLine: null });
  }
}

function desiredFrom(document: LocatedDocument, declaration: Declaration, problems: Problem[]): DesiredState {
  const { teams = [], roles = [], identity_providers = [], token_issuers = [], services, applications } = declaration;
  const { providers, models } = declaration;
  return {
    policies: declaration.policies === undefined ? null : policiesIn(mappingOf(document.value)),
    teams: teams.map(({ id, name = id, description }, index) => {
      return { id, name, description, policies: policiesIn(rawAt(document, "teams", index)) };
    }),
    roles: roles.map(({ id, name = id, scope, permissions }) => ({ id, name, scope, permissions })),
    identityProviders: identity_providers.map(identityProviderFrom),
    tokenIssuers: token_issuers.map((one, index) => tokenIssuerFrom(one, rawAt(document, "token_issuers", index))),
    ...(providers === undefined
      ? {}
      : { providers: providers.map((_, index) => providerFrom(rawAt(document, "providers", index))) }),
    ...(models === undefined
      ? {}
      : { models: models.map((_, index) => modelRouteFrom(rawAt(document, "models", index))) }),
    services: (services ?? []).map((one, index) => serviceFrom(document, one, index, problems)),
    applications: (applications ?? []).map((one, index) => applicationFrom(document, one, index)),
    lists: listsBy((section) => declaration[section] !== undefined),
  };
}

type DeclaredService = NonNullable<Declaration["services"]>[number];

function serviceFrom(
  document: LocatedDocument,
  one: DeclaredService,
  index: number,
  problems: Problem[],
): DesiredService {
  const path = ["services", index];
  const attached = (key: "openapi_file" | "documentation_file") => {
    return one[key] === undefined ? null : attachment(document, [...path, key], one[key], problems);
  };
  return {
    id: one.id,
    team: one.team,
    name: one.name ?? one.id,
    description: one.description,
    category: one.category,
    tags: one.tags,
    documentation: one.documentation ?? attached("documentation_file") ?? "",
    openapi: one.openapi ?? attached("openapi_file"),
    visibility: one.visibility,
    approval: one.approval,
    sharedWith: one.shared_with,
    draft: asSent(entries(rawAt(document, "services", index)).filter(([key]) => !ABOUT_SERVICE.has(key))),
    publish: one.publish,
    note: one.note ?? "",
  };
}

type DeclaredApplication = NonNullable<Declaration["applications"]>[number];

function applicationFrom(document: LocatedDocument, one: DeclaredApplication, index: number): DesiredApplication {
  const { id, team, name = id, description } = one;
  const raw = rawAt(document, "applications", index);
  const subscriptions = one.subscriptions?.map((subscription, at) =>
    subscriptionFrom(subscription, listOf(raw.subscriptions)[at]),
  );
  const credentials = one.credentials?.map((credential, at) =>
    credentialFrom(credential, mappingOf(listOf(raw.credentials)[at])),
  );
  return {
    id,
    team,
    name,
    description,
    credentials: credentials ?? null,
    limits: limitsIn(raw),
    policies: policiesIn(raw),
    subscriptions: subscriptions ?? null,
  };
}

type DeclaredSubscription = NonNullable<DeclaredApplication["subscriptions"]>[number];

function subscriptionFrom({ service, expires_at }: DeclaredSubscription, written: unknown): DesiredSubscription {
  const raw = mappingOf(written);
  const terms: Terms = {};
  if (expires_at !== undefined) terms.expires_at = expires_at === null ? null : new Date(expires_at).toISOString();
  if ("limits" in raw) terms.limits = limitsIn(raw);
  if ("policies" in raw) terms.policies = policiesIn(raw);
  return { service, terms };
}

function limitsIn({ limits }: Record<string, unknown>): Record<string, unknown>[] {
  return listOf(limits)
    .filter(isMapping)
    .map((limit) => asSent(entries(limit)));
}

function policiesIn({ policies }: Record<string, unknown>): Record<string, unknown> {
  return isMapping(policies) ? asSent(entries(policies)) : {};
}

/** As it was written (`30s`, not 30,000 ms): that is what the API takes, and gives back. */
function rawAt(document: LocatedDocument, section: string, index: number): Record<string, unknown> {
  return mappingOf(listOf(mappingOf(document.value)[section])[index]);
}

function mappingOf(value: unknown): Record<string, unknown> {
  return isMapping(value) ? value : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function entries(mapping: Record<string, unknown>): [string, unknown][] {
  return Object.entries(mapping);
}

/** What JSON makes of it: the server can give back nothing else. */
function asSent(fields: [string, unknown][]): Record<string, unknown> {
  const sent: unknown = JSON.parse(JSON.stringify(Object.fromEntries(fields)));
  return isMapping(sent) ? sent : {};
}

const MAX_ATTACHMENT_CHARACTERS = 2 * 1024 * 1024;

function attachment(document: LocatedDocument, path: Path, file: string, problems: Problem[]): string | null {
  let reason: string;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(resolve(folderOf(document), file)));
    if (text.length <= MAX_ATTACHMENT_CHARACTERS) return text;
    reason = "it is longer than 2 MiB";
  } catch (error) {
    reason = error instanceof TypeError ? "it is not UTF-8 text" : reasonOf(error);
  }
  const message = `can't use the file "${file}": ${reason}`;
  const place = document.locate(path);
  problems.push({ file: document.file, ...place, path: formatPath(path), message, sourceLine: null });
  return null;
}

function united(parts: readonly DesiredState[]): DesiredState {
  return {
    policies: parts.find(({ policies }) => policies !== null)?.policies ?? null,
    teams: parts.flatMap(({ teams }) => teams),
    roles: parts.flatMap(({ roles }) => roles),
    identityProviders: parts.flatMap(({ identityProviders }) => identityProviders),
    tokenIssuers: parts.flatMap(({ tokenIssuers }) => tokenIssuers),
    providers: parts.flatMap(({ providers = [] }) => providers),
    models: parts.flatMap(({ models = [] }) => models),
    services: parts.flatMap(({ services }) => services),
    applications: parts.flatMap(({ applications }) => applications),
    lists: listsBy((section) => parts.some(({ lists }) => lists[section])),
  };
}
