import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import {
  type Application,
  application,
  credential,
  identityProvider,
  listOf,
  releaseWithConfiguration,
  role,
  type Subscription,
  secretComparison,
  service,
  serviceWithDraft,
  session,
  settings,
  subscription,
  team,
  tokenIssuer,
} from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import { currentOnes } from "./plan-credentials.ts";
import { readProviders } from "./providers.ts";
import {
  type ActualCredential,
  type ActualIdentityProvider,
  type ActualService,
  type ActualState,
  type ActualSubscription,
  type ActualTokenIssuer,
  type DesiredCredential,
  type DesiredIdentityProvider,
  type DesiredState,
  type DesiredTokenIssuer,
  teamsNamed,
} from "./state.ts";

/** Requests under way at once. */
const CONCURRENCY = 8;

/** Tells how far it is. */
export type OnProgress = (done: number, total: number) => void;

/** What the server has of what the files name, and everything else of their teams. Throws AdminError. */
export async function readActual(
  client: AdminClient,
  desired: DesiredState,
  onProgress: OnProgress = () => {},
  /** Credentials of all applications, or of those of which the files say some. */
  { allCredentials = false } = {},
): Promise<ActualState> {
  const [{ name: actor, permissions }, teams, roles, policies, identityProviders, tokenIssuers] = await Promise.all([
    client.get("/session", session),
    client.list("/teams", team),
    client.items("/roles", role),
    desired.policies === null ? null : readPolicies(client),
    desired.identityProviders.length === 0 ? null : readIdentityProviders(client, desired.identityProviders),
    desired.lists.token_issuers ? readTokenIssuers(client, desired.tokenIssuers) : null,
  ]);
  const { lists, providers = [] } = desired;
  const ai = lists.providers || lists.models ? await readProviders(client, providers) : null;
  const known = teamsNamed(desired).filter((id) => teams.some((one) => one.id === id));
  const services = new Set(desired.services.map(({ id }) => id));
  const applications = new Set(desired.applications.map(({ id }) => id));
  for (const id of known) {
    for (const one of await client.list("/services", service, { team: id })) services.add(one.id);
    for (const one of await client.list("/applications", application, { team: id })) applications.add(one.id);
  }
  const total = services.size + applications.size;
  let done = 0;
  const counted = <Id, Found>(read: (id: Id) => Promise<Found>) => {
    return async (id: Id): Promise<Found> => {
      const found = await read(id);
      onProgress(++done, total);
      return found;
    };
  };
  const foundServices = await each(
    services,
    counted((id) => readService(client, id)),
  );
  const foundApplications = await each(
    applications,
    counted((id) => readApplication(client, id)),
  );
  const ours = foundApplications.filter((one) => one !== null);
  const said = new Map(desired.applications.map(({ id, credentials }) => [id, credentials]));
  const credentials = await each(ours, async ({ application: { id } }) => {
    const wanted = said.get(id) ?? (allCredentials ? [] : null);
    return wanted === null ? [] : readCredentials(client, id, wanted);
  });
  return {
    actor,
    policies,
    teams,
    roles,
    identityProviders,
    services: foundServices.filter((one) => one !== null),
    tokenIssuers,
    ai,
    applications: ours.map((one) => one.application),
    credentials: credentials.flat(),
    subscriptions: ours.flatMap((one) => one.subscriptions.map((held) => withOurSay(held, permissions))),
  };
}

/** null: not ours to see. */
export async function readPolicies(client: AdminClient): Promise<ActualState["policies"]> {
  return (await client.find("/settings", settings))?.policies ?? null;
}

/** null: not ours to see. Of those that are wanted, the server is asked whether it has the secret that the files name. */
export async function readIdentityProviders(
  client: AdminClient,
  wanted: readonly DesiredIdentityProvider[],
): Promise<ActualIdentityProvider[] | null> {
  const found = await client.find("/identity-providers", listOf(identityProvider));
  if (found === null) return null;
  const secrets = new Map(wanted.map(({ id, clientSecret }) => [id, clientSecret]));
  return each(found.items, async (one) => {
    const secret = secrets.get(one.id) ?? null;
    if (secret === null) return { ...one, secretFits: true };
    if (!one.has_client_secret) return { ...one, secretFits: false };
    if (typeof secret === "object")
      return { ...one, secretFits: isDeepStrictEqual(one.client_secret_reference, secret) };
    if (one.client_secret_reference !== null) return { ...one, secretFits: false };
    const path = `/identity-providers/${step(one.id)}/compare-client-secret`;
    const { same } = await client.send("POST", path, secretComparison, { body: { client_secret: secret } });
    return { ...one, secretFits: same };
  });
}

/** null: not ours to see. Of those that are wanted, the server is asked whether it has the keys that the files name. */
export async function readTokenIssuers(
  client: AdminClient,
  wanted: readonly DesiredTokenIssuer[],
): Promise<ActualTokenIssuer[] | null> {
  const found = await client.find("/token-issuers", listOf(tokenIssuer));
  if (found === null) return null;
  const given = new Map(wanted.map(({ id, keys }) => [id, keys]));
  return each(found.items, async (one) => {
    const body = given.get(one.id) ?? null;
    if (body === null) return { ...one, keysFit: true };
    const path = `/token-issuers/${step(one.id)}/compare-keys`;
    const { same } = await client.send("POST", path, secretComparison, { body });
    return { ...one, keysFit: same };
  });
}

/** Of those that are wanted, the server is asked whether it has the secret that the files name. */
async function readCredentials(
  client: AdminClient,
  application: string,
  wanted: readonly DesiredCredential[],
): Promise<ActualCredential[]> {
  const path = `/applications/${step(application)}/credentials`;
  const found = (await client.items(path, credential)).map((one) => ({ ...one, secretFits: true }));
  const secrets = new Map(wanted.map(({ text, secret }) => [text, secret]));
  for (const [text, one] of currentOnes(found, application)) {
    const body = secrets.get(text) ?? null;
    if (body === null) continue;
    const compared = `${path}/${step(one.id)}/compare-secret`;
    one.secretFits = (await client.send("POST", compared, secretComparison, { body })).same;
  }
  return found;
}

type Permissions = z.output<typeof session>["permissions"];

/** The terms of the unified API are for whoever may change the settings; of a service, for its team. */
function withOurSay(one: Subscription, { organisation, teams }: Permissions): ActualSubscription {
  const { service_team: owner } = one;
  const inTeam = owner === null ? [] : [...organisation, ...(teams[owner] ?? [])];
  const ours =
    owner === null
      ? organisation.includes("setting.manage")
      : inTeam.includes("subscription.approve") && inTeam.includes("service.read");
  return { ...one, termsAreOurs: ours };
}

/** null: it is not there, or not for us to see. */
export async function readService(client: AdminClient, id: string): Promise<ActualService | null> {
  const path = `/services/${step(id)}`;
  const found = await client.find(path, serviceWithDraft);
  if (found === null) return null;
  const openapi = found.has_openapi ? await client.findText(`${path}/openapi`) : null;
  return { ...found, openapi, released: await readReleased(client, path, found) };
}

async function readReleased(
  client: AdminClient,
  path: string,
  { id, current_release: number }: { id: string; current_release: number | null },
): Promise<ActualService["released"]> {
  if (number === null) return null;
  const [release, openapi] = await Promise.all([
    client.get(`${path}/releases/${number}`, releaseWithConfiguration),
    client.findText(`/catalogue/${step(id)}/openapi`),
  ]);
  return { configuration: release.configuration, openapi };
}

async function readApplication(
  client: AdminClient,
  id: string,
): Promise<{ application: Application; subscriptions: Subscription[] } | null> {
  const found = await client.find(`/applications/${step(id)}`, application);
  if (found === null) return null;
  return { application: found, subscriptions: await client.list("/subscriptions", subscription, { application: id }) };
}

async function each<Item, Found>(items: Iterable<Item>, work: (item: Item) => Promise<Found>): Promise<Found[]> {
  const waiting = [...items];
  const found = new Array<Found>(waiting.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < waiting.length; index = next++) {
      found[index] = await work(waiting[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return found;
}
