import { keyIdOf, SEALED_PREFIX, type Sealer } from "../../platform/seal.ts";
import type { Change } from "../plane.ts";
import type { Connection } from "./database.ts";

/** What is kept sealed (src/platform/seal.ts), and what each is sealed for. */
export const WEBHOOK_SECRET = "webhook secret";
export const IDEMPOTENT_ANSWER = "idempotency";
export const CLIENT_SECRET = "identity provider client secret";

/** Secrets by the id of the key that they were sealed with. */
export async function countSealed(db: Connection): Promise<Record<string, number>> {
  const webhooks = await db.selectFrom("webhooks").select("secret as text").execute();
  const answers = await db.selectFrom("idempotency").select("body as text").execute();
  const providers = await db.selectFrom("identity_providers").select("client_secret as text").execute();
  const counts: Record<string, number> = {};
  for (const { text } of [...webhooks, ...answers, ...providers]) {
    if (text?.startsWith(SEALED_PREFIX)) counts[keyIdOf(text)] = (counts[keyIdOf(text)] ?? 0) + 1;
  }
  return counts;
}

/** Seals with the first key what was sealed with another. Throws SealError when a key is missing, and nothing is changed. */
export async function sealAgain({ trx }: Pick<Change, "trx">, sealer: Sealer): Promise<number> {
  const isOutdated = (text: string) => text.startsWith(SEALED_PREFIX) && sealer.isOutdated(text);
  const again = (text: string, purpose: string) => sealer.seal(sealer.open(text, purpose), purpose);
  let count = 0;
  for (const { id, secret } of await trx.selectFrom("webhooks").select(["id", "secret"]).execute()) {
    if (!isOutdated(secret)) continue;
    const change = trx.updateTable("webhooks").set({ secret: again(secret, WEBHOOK_SECRET) });
    await change.where("id", "=", id).execute();
    count++;
  }
  for (const { id, client_secret } of await trx
    .selectFrom("identity_providers")
    .select(["id", "client_secret"])
    .execute()) {
    if (client_secret === null || !isOutdated(client_secret)) continue;
    const change = trx.updateTable("identity_providers").set({ client_secret: again(client_secret, CLIENT_SECRET) });
    await change.where("id", "=", id).execute();
    count++;
  }
  for (const { actor_id, key, body } of await trx
    .selectFrom("idempotency")
    .select(["actor_id", "key", "body"])
    .execute()) {
    if (!isOutdated(body)) continue;
    const change = trx.updateTable("idempotency").set({ body: again(body, IDEMPOTENT_ANSWER) });
    await change.where("actor_id", "=", actor_id).where("key", "=", key).where("body", "=", body).execute();
    count++;
  }
  return count;
}
