import { hostname } from "node:os";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { AdminError } from "./admin-error.ts";
import { createdToken, newSession } from "./answers.ts";
import { AdminClient, step } from "./client.ts";
import type { SavedToken } from "./credentials.ts";

const LIFETIME_MS = 90 * 86_400_000;
const MAX_NAME = 200;

/** Whoever signed in, with the cookie of their session. */
export interface SignedIn {
  email: string;
  cookie: string;
}

/** Signs in with a password. Throws AdminError. */
export function signInWithPassword(client: AdminClient, login: { email: string; password: string }): Promise<SignedIn> {
  return signedInBy(client, "/session", login);
}

/** A request that is answered with a session. */
export async function signedInBy(client: AdminClient, path: string, sent: object): Promise<SignedIn> {
  const { headers, body } = await client.ask("POST", path, { body: sent });
  const { user } = newSession.parse(await body.json());
  const cookie = cookieOf(headers["set-cookie"]);
  if (cookie === null) throw new AdminError(EXIT.unreachable, `${client.url} signed in, but gave no session`);
  return { email: user.email, cookie };
}

/** Signs in, makes a personal token for this machine, and ends the session: only the token is kept. Throws AdminError. */
export async function tokenFor(url: string, signIn: (client: AdminClient) => Promise<SignedIn>): Promise<SavedToken> {
  const client = new AdminClient({ url, token: null });
  const { email, cookie } = await signIn(client);
  try {
    const expiresAt = new Date(Date.now() + LIFETIME_MS).toISOString();
    const token = { name: `tidegate on ${hostname()}`.slice(0, MAX_NAME), expires_at: expiresAt };
    const made = await client.ask("POST", "/me/tokens", { body: token, cookie });
    const { id, token: value, expires_at } = createdToken.parse(await made.body.json());
    return { token: value, token_id: id, email, expires_at: expires_at ?? expiresAt };
  } finally {
    await endSession(client, cookie);
  }
}

/** Revokes a token with itself. False: the server did not know it any more. */
export async function revokeToken(url: string, { token, token_id }: SavedToken): Promise<boolean> {
  try {
    await new AdminClient({ url, token }).tell("DELETE", `/me/tokens/${step(token_id)}`);
    return true;
  } catch (error) {
    if (error instanceof AdminError && (error.status === 401 || error.status === 404)) return false;
    throw error;
  }
}

/** It ends by itself as well, so that failing here is no failure to sign in. */
async function endSession(client: AdminClient, cookie: string): Promise<void> {
  await client
    .ask("DELETE", "/session", { cookie })
    .then(({ body }) => body.dump())
    .catch(() => {});
}

function cookieOf(header: string | string[] | undefined): string | null {
  const [first] = Array.isArray(header) ? header : [header];
  return first?.split(";", 1)[0] ?? null;
}
