import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { providerDocumentSchema } from "../../snapshot/provider-document.ts";
import { isSecret, type Path, schemaAt } from "../../snapshot/schema/introspection.ts";
import { modelRoute } from "../../snapshot/schema/model.ts";
import { instant } from "../../snapshot/schema/scalars.ts";
import * as answers from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import { differencesOf, differencesOfNew } from "../diff.ts";
import type { PlanNotebook } from "./plan-notebook.ts";
import type { Action, Subject } from "./steps.ts";

export const declaredProviders = z.array(providerDocumentSchema);
export const declaredModels = z.array(modelRoute);

type Fields = Readonly<Record<string, unknown>>;

export interface DesiredProviderKey {
  id: string;
  /** Never shown; null: the file does not name it, and the one that is stored stays. */
  secret: Fields | null;
  terms: Fields;
}

export interface DesiredProvider {
  id: string;
  kind: string;
  /** As they were written. */
  fields: Fields;
  keys: readonly DesiredProviderKey[];
  /** Whether the file lists its keys at all. */
  listsKeys: boolean;
}

export interface DesiredModelRoute {
  name: string;
  /** As they were written. */
  fields: Fields;
}

export interface ActualProvider extends answers.Provider {
  /** Keys whose secret is not the one that the files name. */
  otherSecrets: readonly string[];
}

export interface ActualProviders {
  providers: readonly ActualProvider[];
  models: readonly answers.ModelRoute[];
}

const SECRETS = ["value", "aws", "service_account", "entra"];
/** What a provider says of itself beside its id, kind and keys. */
const PROVIDER_FIELDS = fieldsBut(providerDocumentSchema, ["id", "kind", "keys"]);
const MODEL_FIELDS = fieldsBut(modelRoute, ["name"]);
const KEY_DEFAULTS: Fields = { weight: 1, priority: 0, expires_at: null, limits: [] };

function fieldsBut(schema: z.ZodObject, left: readonly string[]): string[] {
  return Object.keys(schema.shape).filter((key) => !left.includes(key));
}

export function providerFrom(written: Record<string, unknown>): DesiredProvider {
  const keys = Array.isArray(written.keys) ? written.keys : [];
  return {
    id: String(written.id),
    kind: String(written.kind),
    fields: picked(written, PROVIDER_FIELDS),
    listsKeys: Array.isArray(written.keys),
    keys: keys.map((key: Record<string, unknown>, index) => {
      const given = picked(key, SECRETS);
      const { expires_at, ...terms } = picked(key, Object.keys(KEY_DEFAULTS));
      const time = instant.safeParse(expires_at);
      return {
        id: typeof key.id === "string" ? key.id : `key-${index + 1}`,
        secret: Object.keys(given).length === 0 ? null : given,
        terms: { ...KEY_DEFAULTS, ...terms, ...(time.success ? { expires_at } : {}) },
      };
    }),
  };
}

export function modelRouteFrom(written: Record<string, unknown>): DesiredModelRoute {
  return { name: String(written.name), fields: picked(written, MODEL_FIELDS) };
}

/** As it is sent: what JSON makes of it. */
function picked(from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  const given = keys.filter((key) => from[key] !== undefined && from[key] !== null).map((key) => [key, from[key]]);
  return JSON.parse(JSON.stringify(Object.fromEntries(given)));
}

/** null: not ours to see. Of keys that are wanted, the server is asked whether it has the secrets that the files name. */
export async function readProviders(
  client: AdminClient,
  wanted: readonly DesiredProvider[],
): Promise<ActualProviders | null> {
  const may = await client.find("/providers?limit=1", answers.listOf(answers.provider));
  if (may === null) return null;
  const found = await client.list("/providers", answers.provider);
  const providers: ActualProvider[] = [];
  for (const one of found) {
    const otherSecrets: string[] = [];
    for (const { id, secret } of wanted.find(({ id: other }) => other === one.id)?.keys ?? []) {
      if (secret === null || one.source !== "database" || !one.keys.some((key) => key.id === id)) continue;
      const path = `/providers/${step(one.id)}/keys/${step(id)}/compare`;
      const { same } = await client.send("POST", path, answers.secretComparison, { body: secret });
      if (!same) otherSecrets.push(id);
    }
    providers.push({ ...one, otherSecrets });
  }
  return { providers, models: await client.list("/models", answers.modelRoute) };
}

/** Providers come before the routes that lead to them. */
export function planProviders(
  notebook: PlanNotebook,
  desired: { providers: readonly DesiredProvider[]; models: readonly DesiredModelRoute[] },
  actual: ActualProviders | null,
): void {
  for (const provider of desired.providers) {
    const subject: Subject = { kind: "provider", id: provider.id, team: null };
    notebook.wanted(subject);
    if (actual === null) notebook.obstacle(subject, NOT_OURS);
    else
      planProvider(
        notebook,
        subject,
        provider,
        actual.providers.find(({ id }) => id === provider.id),
      );
  }
  for (const route of desired.models) {
    const subject: Subject = { kind: "model route", id: route.name, team: null };
    notebook.wanted(subject);
    if (actual === null) notebook.obstacle(subject, NOT_OURS);
    else
      planRoute(
        notebook,
        subject,
        route,
        actual.models.find(({ name }) => name === route.name),
      );
  }
}

export const NOT_OURS = "providers and models are not yours to see: who may manage providers applies them";
const CONFIGURED = "it is in the configuration file of the server: change it there, or choose another name";

function planProvider(
  notebook: PlanNotebook,
  subject: Subject,
  { id, kind, fields, keys }: DesiredProvider,
  before: ActualProvider | undefined,
): void {
  const bare = keys.filter((key) => key.secret === null && !before?.keys.some((one) => one.id === key.id));
  if (bare.length > 0) {
    notebook.obstacle(
      subject,
      `the secret of a key is missing, and none is stored: ${bare.map((key) => key.id).join(", ")}`,
    );
    return;
  }
  if (before === undefined) {
    const made = keys.map((key) => ({ id: key.id, ...key.secret, ...key.terms }));
    const body = { id, kind, ...fields, ...(made.length === 0 ? {} : { keys: made }) };
    notebook.step(
      subject,
      { type: "create-provider", body },
      differencesOfNew({}, { kind, ...fields, keys: made }, mayBeSecret),
    );
    return;
  }
  const isOurs = before.source === "database";
  if (!isOurs || before.kind !== kind) {
    const message = `its kind is ${before.kind}, which can't be changed: choose another id`;
    notebook.obstacle(subject, isOurs ? message : CONFIGURED);
    return;
  }
  const changes = changesOf(PROVIDER_FIELDS, before, fields);
  const { revision } = before;
  if (changes !== null && revision !== null) {
    const action: Action = { type: "update-provider", id, fields: changes, revision };
    notebook.step(
      subject,
      action,
      differencesOf(picked(before, Object.keys(changes)), withoutNull(changes), mayBeSecret),
    );
  }
  for (const key of keys) planKey(notebook, subject, key, before);
}

function planKey(notebook: PlanNotebook, subject: Subject, key: DesiredProviderKey, provider: ActualProvider): void {
  const { id, secret, terms } = key;
  const path = (field: string) => `keys.${id}.${field}`;
  const before = provider.keys.find((one) => one.id === id);
  if (before === undefined) {
    const hidden = { path: path("secret"), before: undefined, after: "", hidden: true };
    const body = { id, ...secret, ...terms };
    notebook.step(subject, { type: "create-provider-key", provider: provider.id, body }, [hidden]);
    return;
  }
  const changed = Object.entries(terms).filter(([field, value]) => !isDeepStrictEqual(before[field], value));
  const isOther = provider.otherSecrets.includes(id);
  if (changed.length === 0 && !isOther) return;
  const fields = { ...Object.fromEntries(changed), ...(isOther ? secret : {}) };
  const differences = [
    ...changed.map(([field, value]) => ({ path: path(field), before: before[field], after: value, hidden: false })),
    ...(isOther ? [{ path: path("secret"), before: "", after: "", hidden: true }] : []),
  ];
  const revision = before.revision ?? 0;
  notebook.step(subject, { type: "update-provider-key", provider: provider.id, id, fields, revision }, differences);
}

function planRoute(
  notebook: PlanNotebook,
  subject: Subject,
  { name, fields }: DesiredModelRoute,
  before: answers.ModelRoute | undefined,
): void {
  if (before === undefined) {
    notebook.step(
      subject,
      { type: "create-model-route", body: { name, ...fields } },
      differencesOfNew({}, fields, () => false),
    );
    return;
  }
  if (before.source !== "database") {
    notebook.obstacle(subject, CONFIGURED);
    return;
  }
  const changes = changesOf(MODEL_FIELDS, before, fields);
  const { revision } = before;
  if (changes === null || revision === null) return;
  const differences = differencesOf(picked(before, Object.keys(changes)), withoutNull(changes), () => false);
  notebook.step(subject, { type: "update-model-route", name, fields: changes, revision }, differences);
}

/** null for what goes; null: nothing changes. */
function changesOf(names: readonly string[], before: Fields, wanted: Fields): Record<string, unknown> | null {
  const changed = names.filter((name) => !isDeepStrictEqual(before[name] ?? undefined, wanted[name]));
  return changed.length === 0 ? null : Object.fromEntries(changed.map((name) => [name, wanted[name] ?? null]));
}

function withoutNull(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** What this program does not know may be anything. */
export function mayBeSecret(path: Path): boolean {
  for (let length = 1; length <= path.length; length++) {
    const schema = schemaAt(providerDocumentSchema, path.slice(0, length));
    if (schema === null || isSecret(schema)) return true;
  }
  return false;
}

/** Carries out a step about them. */
export async function executeProviderAction(client: AdminClient, action: ProviderAction): Promise<void> {
  const at = (id: string) => `/providers/${step(id)}`;
  switch (action.type) {
    case "create-provider":
      await client.send("POST", "/providers", answers.provider, { body: action.body });
      return;
    case "update-provider": {
      const { id, fields: body, revision } = action;
      await client.send("PATCH", at(id), answers.provider, { body, revision });
      return;
    }
    case "create-provider-key":
      await client.send("POST", `${at(action.provider)}/keys`, answers.providerKey, { body: action.body });
      return;
    case "update-provider-key": {
      const { provider, id, fields: body, revision } = action;
      await client.send("PATCH", `${at(provider)}/keys/${step(id)}`, answers.providerKey, { body, revision });
      return;
    }
    case "create-model-route":
      await client.send("POST", "/models", answers.modelRoute, { body: action.body });
      return;
    case "update-model-route": {
      const { name, fields: body, revision } = action;
      await client.send("PATCH", `/models/${step(name)}`, answers.modelRoute, { body, revision });
      return;
    }
    case "delete-provider":
      await client.tell("DELETE", at(action.id), { revision: action.revision });
      return;
    case "delete-provider-key": {
      const { provider, id, revision } = action;
      await client.tell("DELETE", `${at(provider)}/keys/${step(id)}`, { revision });
      return;
    }
    case "delete-model-route":
      await client.tell("DELETE", `/models/${step(action.name)}`, { revision: action.revision });
  }
}

export type ProviderAction =
  | { type: "create-provider"; body: Fields }
  | { type: "update-provider"; id: string; fields: Fields; revision: number }
  | { type: "create-provider-key"; provider: string; body: Fields }
  | { type: "update-provider-key"; provider: string; id: string; fields: Fields; revision: number }
  | { type: "create-model-route"; body: Fields }
  | { type: "update-model-route"; name: string; fields: Fields; revision: number }
  | { type: "delete-provider"; id: string; revision: number }
  | { type: "delete-provider-key"; provider: string; id: string; revision: number }
  | { type: "delete-model-route"; name: string; revision: number };

export function isProviderAction(action: Action): action is ProviderAction {
  return /^(create|update|delete)-(provider|provider-key|model-route)$/.test(action.type);
}

/** Those of the database, as a file has them; without secrets of keys, which stay as they are stored. */
export function exportedProviders(
  { providers, models }: ActualProviders,
  fieldsOf: (id: string, fields: Fields, mayBeSecret: (path: Path) => boolean) => Fields,
  notes: string[],
): { providers?: object[]; models?: object[] } {
  const own = providers.filter(({ source }) => source === "database");
  const routes = models.filter(({ source }) => source === "database");
  const entries = own.map((one) => {
    if (one.keys.some(({ reference }) => reference === null)) {
      notes.push(`provider ${one.id}: its keys are in no export; where none are stored, add them`);
    }
    const keys = one.keys.map((key) => ({ id: key.id, ...key.reference, ...changedTerms(key) }));
    const fields = fieldsOf(one.id, picked(one, PROVIDER_FIELDS), mayBeSecret);
    return { id: one.id, kind: one.kind, ...fields, ...(keys.length === 0 ? {} : { keys }) };
  });
  const named = routes.map((one) => ({
    name: one.name,
    ...fieldsOf(one.name, picked(one, MODEL_FIELDS), () => false),
  }));
  return {
    ...(entries.length === 0 ? {} : { providers: entries }),
    ...(named.length === 0 ? {} : { models: named }),
  };
}

function changedTerms(key: answers.ProviderKey): Record<string, unknown> {
  const terms = Object.keys(KEY_DEFAULTS).filter((field) => !isDeepStrictEqual(key[field], KEY_DEFAULTS[field]));
  return Object.fromEntries(terms.map((field) => [field, key[field]]));
}

/** Header values may be credentials. */
export function withoutSecretsInProvider<One extends answers.Provider>(one: One): One {
  const { headers } = one;
  if (typeof headers !== "object" || headers === null) return one;
  return { ...one, headers: Object.fromEntries(Object.keys(headers).map((name) => [name, "(hidden)"])) };
}
