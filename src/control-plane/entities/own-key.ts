import { SealError } from "../../platform/seal.ts";
import type { Change, Plane } from "../plane.ts";
import { OWN_KEY } from "../storage/sealed.ts";
import type { ApplicationRow } from "./applications.ts";
import { newApiKey } from "./credential-kinds.ts";
import { insertCredential } from "./credentials.ts";

/** A key to call with in the application's name; null: none is needed. */
export interface OwnKey {
  key: string | null;
  /** Gateways have not heard of it. */
  isNew: boolean;
}

const OWN_KEY_NAME = "try-it (Tidegate's own)";

/** The application's key that Tidegate itself calls with; made when it is needed first, or again after it was revoked. */
export async function ownKey(plane: Plane, change: Change, application: ApplicationRow): Promise<OwnKey> {
  const known = await change.trx
    .selectFrom("credentials")
    .select(["id", "secret"])
    .where("application_id", "=", application.id)
    .where("kind", "=", "api-key")
    .where("secret", "is not", null)
    .where("revoked_at", "is", null)
    // One that was rotated ends, and what came after it is not known here.
    .where("expires_at", "is", null)
    .orderBy("id", "desc")
    .executeTakeFirst();
  const key = known?.secret == null ? null : opened(plane, known.secret);
  if (key !== null) return { key, isNew: false };
  const { columns, made } = newApiKey();
  const terms = { name: OWN_KEY_NAME, expiresAtMs: null, addresses: [] };
  const { id } = await insertCredential(change, application, columns, terms, "credential.create", null);
  const secret = plane.sealer.seal(made.key, OWN_KEY);
  await change.trx.updateTable("credentials").set({ secret }).where("id", "=", id).execute();
  return { key: made.key, isNew: true };
}

/** Null: sealed with a master key that is gone. */
function opened({ sealer }: Plane, sealed: string): string | null {
  try {
    return sealer.open(sealed, OWN_KEY);
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}
