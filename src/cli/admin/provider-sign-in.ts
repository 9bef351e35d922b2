import { EXIT } from "../../bootstrap/exit-codes.ts";
import { AdminError } from "./admin-error.ts";
import { signInProvider } from "./answers.ts";
import type { AdminClient } from "./client.ts";
import { LoopbackListener } from "./loopback.ts";
import type { SignedIn } from "./sign-in.ts";
import { signedInBy } from "./sign-in.ts";

const WAIT_MS = 10 * 60_000;

/**
 * Signs in with an identity provider: shows the URL, and waits until a browser on this machine has brought the code. Throws
 * AdminError.
 */
export async function signInWithProvider(
  client: AdminClient,
  provider: string,
  show: (url: string) => void,
): Promise<SignedIn> {
  const startPath = await startPathOf(client, provider);
  const listener = await LoopbackListener.open();
  try {
    const url = new URL(client.url + startPath);
    url.searchParams.set("loopback_port", String(listener.port));
    url.searchParams.set("loopback_challenge", listener.challenge);
    show(url.href);
    return await redeemed(client, listener, AbortSignal.timeout(WAIT_MS));
  } finally {
    listener.close();
  }
}

async function startPathOf(client: AdminClient, provider: string): Promise<string> {
  const providers = await client.items("/sign-in/providers", signInProvider);
  const found = providers.find(({ id }) => id === provider);
  if (found !== undefined) return found.start_path;
  const known = providers.length === 0 ? "there are none" : `known: ${providers.map(({ id }) => id).join(", ")}`;
  throw new AdminError(EXIT.usage, `there is no identity provider ${provider} at ${client.url}; ${known}`);
}

/** Codes that are not good are passed over: any page may bring one. */
async function redeemed(client: AdminClient, listener: LoopbackListener, signal: AbortSignal): Promise<SignedIn> {
  for (;;) {
    const brought = await listener.next(signal).catch(() => {
      throw new AdminError(EXIT.failed, `nobody has signed in within ${WAIT_MS / 60_000} minutes`);
    });
    try {
      const body = { code: brought.code, verifier: listener.verifier };
      const signedIn = await signedInBy(client, "/sign-in/code", body);
      await brought.answer(200, `Signed in as ${signedIn.email}. You can close this page.`);
      return signedIn;
    } catch (error) {
      const isForeign = error instanceof AdminError && error.code === "sign_in_invalid";
      await brought.answer(400, error instanceof Error ? error.message : "This did not work.");
      if (!isForeign) throw error;
    }
  }
}
