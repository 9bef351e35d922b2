import { randomBytes } from "node:crypto";
import { type Actor, SYSTEM } from "../control-plane/access/actor.ts";
import { permissionsOf } from "../control-plane/access/permissions.ts";
import { changeSettings, readSettings } from "../control-plane/entities/settings.ts";
import { resetPassword } from "../control-plane/entities/users.ts";
import { Plane } from "../control-plane/plane.ts";
import type { Database } from "../control-plane/storage/database.ts";
import { createLogger } from "../platform/logger.ts";
import { Sealer } from "../platform/seal.ts";
import { EXIT, StartError } from "./exit-codes.ts";
import { openStored } from "./stored.ts";

const PASSWORD_BYTES = 15;
const SEALER_KEY_BYTES = 32;

/** Whoever can write to the database needs no role: the audit trail calls them `system`. */
const AT_THE_DATABASE: Actor = { ...SYSTEM, organisation: new Set(permissionsOf("any")) };

export interface NewPassword {
  email: string;
  /** Stored nowhere but as a hash. */
  password: string;
  /** Passwords were not taken before. */
  turnedPasswordSignInOn: boolean;
}

/**
 * Gives an owner a new password, in the database itself: for when nobody can sign in any more. Works while Tidegate runs; all
 * sessions of that owner end. `email` null: the only owner there is. Throws StartError.
 */
export async function resetOwnerPassword(options: {
  homeDirectory: string;
  env: NodeJS.ProcessEnv;
  email: string | null;
}): Promise<NewPassword> {
  const { homeDirectory, env, email } = options;
  const database = await openStored({ homeDirectory, env });
  const logger = createLogger({ role: "cli" });
  try {
    // Passwords are hashed, not sealed: the installation's own key is not needed, and none is made by mistake.
    const plane = new Plane({ database, sealer: new Sealer([randomBytes(SEALER_KEY_BYTES)]), logger });
    const owner = await ownerOf(database, email);
    const password = randomBytes(PASSWORD_BYTES).toString("base64url");
    await resetPassword(plane, AT_THE_DATABASE, owner.id, password);
    // One that nobody takes would be of no use.
    const { password_sign_in: wasTaken } = await readSettings(plane.db);
    if (!wasTaken) await changeSettings(plane, AT_THE_DATABASE, { password_sign_in: true });
    return { email: owner.email, password, turnedPasswordSignInOn: !wasTaken };
  } finally {
    await database.close();
  }
}

async function ownerOf({ db }: Database, email: string | null): Promise<{ id: string; email: string }> {
  const owners = await db
    .selectFrom("users")
    .select(["id", "email"])
    .where("role", "=", "owner")
    .where("disabled", "=", 0)
    .orderBy("email")
    .execute();
  const known = owners.map((one) => one.email).join(", ");
  if (email !== null) {
    const found = owners.find((one) => one.email === email.trim().toLowerCase());
    if (found !== undefined) return found;
    throw new StartError(EXIT.refused, `${email} is no owner that is enabled; owners: ${known || "none"}`);
  }
  const [first, ...others] = owners;
  if (first === undefined)
    throw new StartError(EXIT.refused, "there is no owner yet: `tidegate start` makes the first");
  if (others.length > 0) throw new StartError(EXIT.usage, `there are several owners: choose with --email: ${known}`);
  return first;
}
