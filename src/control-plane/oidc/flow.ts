import { z } from "zod";
import { SealError, type Sealer } from "../../platform/seal.ts";
import { loopbackSchema } from "./loopback.ts";

/** Longer than anybody takes to sign in, with a second factor. */
export const FLOW_LIFETIME_MS = 10 * 60_000;

const SIGN_IN_FLOW = "sign-in flow";

const schema = z.object({
  provider: z.string(),
  /** RFC 6749 §10.12: the answer belongs to this browser. */
  state: z.string(),
  /** OIDC Core §3.1.2.1: the ID token was made for this sign-in. */
  nonce: z.string(),
  /** RFC 7636: the code is of use to nobody else. */
  codeVerifier: z.string(),
  redirectUri: z.string(),
  returnTo: z.string(),
  /** Digest of the session the browser had: its cookie is not sent with what comes from the provider's site. */
  formerSession: z.string().nullable(),
  /** Null: it is a browser that signs in. */
  loopback: loopbackSchema.nullable(),
  expiresAtMs: z.number(),
});

/** A sign-in that is under way: what has to be known again when the provider sends the browser back. */
export type SignInFlow = z.output<typeof schema>;

/** For a cookie: nobody reads or makes one without the master key, and nothing is stored for whoever only begins. */
export function sealFlow(sealer: Sealer, flow: SignInFlow): string {
  return sealer.seal(JSON.stringify(flow), SIGN_IN_FLOW);
}

/** Null: it is none of ours, or over. */
export function openFlow(sealer: Sealer, text: string, nowMs: number): SignInFlow | null {
  try {
    const flow = schema.parse(JSON.parse(sealer.open(text, SIGN_IN_FLOW)));
    return flow.expiresAtMs > nowMs ? flow : null;
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}
