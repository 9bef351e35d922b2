import { sql } from "kysely";
import { keyIdOf, SEALED_PREFIX, type Sealer } from "../../platform/seal.ts";
import type { Change } from "../plane.ts";
import type { Connection } from "./database.ts";
import { DOCUMENT_COLUMNS, hasHeaderValues, STORED_DOCUMENT } from "./sealed-columns.ts";

/** What is kept sealed (src/platform/seal.ts), and what each is sealed for. */
export const WEBHOOK_SECRET = "webhook secret";
export const IDEMPOTENT_ANSWER = "idempotency";
export const OWN_KEY = "key of Tidegate itself";
export const CLIENT_SECRET = "identity provider client secret";
export const HMAC_SECRET = "secret of signed requests";
export const TOKEN_ISSUER_KEYS = "keys of a token issuer";
export const PROVIDER_KEY = "key of a provider of models";

/** Secrets by the id of the key that they were sealed with. */
export async function countSealed(connection: Connection): Promise<Record<string, number>> {
  const db = connection.withoutPlugins();
  const webhooks = await db.selectFrom("webhooks").select("secret as text").execute();
  const answers = await db.selectFrom("idempotency").select("body as text").execute();
  const providers = await db.selectFrom("identity_providers").select("client_secret as text").execute();
  const issuers = await db.selectFrom("token_issuers").select("keys as text").execute();
  const keys = await db.selectFrom("credentials").select("secret as text").where("secret", "is not", null).execute();
  const providerKeys = await db.selectFrom("provider_keys").select("secret as text").execute();
  const counts: Record<string, number> = {};
  const documents: { text: string | null }[] = [];
  for (const { table, column } of documentColumns()) documents.push(...(await sealedIn(db, table, column)));
  for (const { text } of [...webhooks, ...answers, ...providers, ...issuers, ...keys, ...providerKeys, ...documents]) {
    if (text?.startsWith(SEALED_PREFIX)) counts[keyIdOf(text)] = (counts[keyIdOf(text)] ?? 0) + 1;
  }
  return counts;
}

/** Seals with the first key what was sealed with another. Throws SealError when a key is missing, and nothing is changed. */
export async function sealAgain(change: Pick<Change, "trx">, sealer: Sealer): Promise<number> {
  const trx = change.trx.withoutPlugins();
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
  const credentials = trx.selectFrom("credentials").select(["id", "kind", "secret"]).where("secret", "is not", null);
  for (const { id, kind, secret } of await credentials.execute()) {
    if (secret === null || !isOutdated(secret)) continue;
    const purpose = kind === "hmac" ? HMAC_SECRET : OWN_KEY;
    const change = trx.updateTable("credentials").set({ secret: again(secret, purpose) });
    await change.where("id", "=", id).execute();
    count++;
  }
  for (const { id, keys } of await trx.selectFrom("token_issuers").select(["id", "keys"]).execute()) {
    if (keys === null || !isOutdated(keys)) continue;
    const change = trx.updateTable("token_issuers").set({ keys: again(keys, TOKEN_ISSUER_KEYS) });
    await change.where("id", "=", id).execute();
    count++;
  }
  for (const { provider_id, id, secret } of await trx
    .selectFrom("provider_keys")
    .select(["provider_id", "id", "secret"])
    .execute()) {
    if (!isOutdated(secret)) continue;
    const change = trx.updateTable("provider_keys").set({ secret: again(secret, PROVIDER_KEY) });
    await change.where("provider_id", "=", provider_id).where("id", "=", id).execute();
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
  return count + (await sealDocumentsAgain(trx, isOutdated, (text) => again(text, STORED_DOCUMENT)));
}

async function sealDocumentsAgain(
  db: Connection,
  isOutdated: (text: string) => boolean,
  again: (text: string) => string,
): Promise<number> {
  let count = 0;
  for (const { table, column } of documentColumns()) {
    for (const { text } of await sealedIn(db, table, column)) {
      if (!isOutdated(text)) continue;
      await replaceText(db, table, column, text, again(text));
      count++;
    }
  }
  return count;
}

/** Seals what was stored before such documents were sealed. Resolves to how many there were. */
export async function sealStoredDocuments({ trx }: Pick<Change, "trx">, sealer: Sealer): Promise<number> {
  const db = trx.withoutPlugins();
  let count = 0;
  for (const { table, column } of documentColumns()) {
    for (const { text } of await withHeaderValues(db, table, column)) {
      if (!hasHeaderValues(text)) continue;
      await replaceText(db, table, column, text, sealer.seal(text, STORED_DOCUMENT));
      count++;
    }
  }
  return count;
}

/** Whether there are such. */
export async function hasPlainDocuments(connection: Connection): Promise<boolean> {
  const db = connection.withoutPlugins();
  for (const { table, column } of documentColumns()) {
    if ((await withHeaderValues(db, table, column)).some(({ text }) => hasHeaderValues(text))) return true;
  }
  return false;
}

function documentColumns(): { table: string; column: string }[] {
  return Object.entries(DOCUMENT_COLUMNS).flatMap(([table, columns]) => columns.map((column) => ({ table, column })));
}

async function sealedIn(db: Connection, table: string, column: string): Promise<{ text: string }[]> {
  const name = sql.ref(column);
  const query = sql<{
    text: string;
  }>`select distinct ${name} as text from ${sql.table(table)} where ${name} like ${`${SEALED_PREFIX}%`}`;
  return (await query.execute(db)).rows;
}

/** Somewhat more than have any. */
async function withHeaderValues(db: Connection, table: string, column: string): Promise<{ text: string }[]> {
  const name = sql.ref(column);
  const query = sql<{ text: string }>`select distinct ${name} as text from ${sql.table(table)}
    where ${name} like ${'%":{"%'} or ${name} like ${'%":[[%'}`;
  return (await query.execute(db)).rows.filter(({ text }) => !text.startsWith(SEALED_PREFIX));
}

async function replaceText(db: Connection, table: string, column: string, before: string, after: string) {
  const name = sql.ref(column);
  await sql`update ${sql.table(table)} set ${name} = ${after} where ${name} = ${before}`.execute(db);
}
