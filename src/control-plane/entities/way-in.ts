import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { hasLinkedOwner } from "./linked-owners.ts";
import { readSettings } from "./settings.ts";

/** Whether passwords are taken. Throws `password_sign_in_disabled`, whoever it is that comes with one. */
export async function requirePasswordSignIn(db: Connection): Promise<void> {
  if ((await readSettings(db)).password_sign_in) return;
  throw new ProblemError(
    "password_sign_in_disabled",
    "passwords are not taken here: sign in with an identity provider",
  );
}

/** After a change, within it: where passwords are not taken, an owner is left who can sign in with an identity provider. */
export async function requireWayIn(db: Connection): Promise<void> {
  if ((await readSettings(db)).password_sign_in || (await hasLinkedOwner(db, null))) return;
  const remedy = "turn `password_sign_in` on first, or let another owner sign in with an identity provider";
  throw new ProblemError("conflict", `passwords are not taken, and no owner could sign in any more: ${remedy}`);
}

/** Whether nobody else would be left who could. */
export async function isLastWayIn(db: Connection, userId: string): Promise<boolean> {
  return !(await readSettings(db)).password_sign_in && !(await hasLinkedOwner(db, userId));
}
