import {
  type Application,
  application,
  releaseWithConfiguration,
  role,
  type Subscription,
  service,
  serviceWithDraft,
  session,
  subscription,
  team,
} from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import { type ActualService, type ActualState, type DesiredState, teamsNamed } from "./state.ts";

/** Requests under way at once. */
const CONCURRENCY = 8;

/** Tells how far it is. */
export type OnProgress = (done: number, total: number) => void;

/** What the server has of what the files name, and everything else of their teams. Throws AdminError. */
export async function readActual(
  client: AdminClient,
  desired: DesiredState,
  onProgress: OnProgress = () => {},
): Promise<ActualState> {
  const [{ name: actor }, teams, roles] = await Promise.all([
    client.get("/session", session),
    client.list("/teams", team),
    client.items("/roles", role),
  ]);
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
  return {
    actor,
    teams,
    roles,
    services: foundServices.filter((one) => one !== null),
    applications: ours.map((one) => one.application),
    subscriptions: ours.flatMap((one) => one.subscriptions),
  };
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
