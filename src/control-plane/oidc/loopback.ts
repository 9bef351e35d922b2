import { createHash } from "node:crypto";
import { z } from "zod";
import { SealError, type Sealer } from "../../platform/seal.ts";
import { isSameSecret, sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";

/** A command line that waits for a browser on its own machine (RFC 8252 §7.3). */
export const loopbackSchema = z.object({
  port: z.coerce.number().int().min(1).max(65_535),
  /** RFC 7636 §4.2, S256: the code is of use to whoever has the verifier. */
  challenge: z.string().regex(/^[\w-]{43}$/, "expected a code challenge of the method S256"),
});

export type Loopback = z.output<typeof loopbackSchema>;

/** While somebody reads the page that asks them. */
const CODE_LIFETIME_MS = 5 * 60_000;
const SIGN_IN_CODE = "sign-in code";

const codeSchema = z.object({
  userId: z.string(),
  identityProvider: z.string(),
  providerSession: z.string().nullable(),
  challenge: z.string(),
  expiresAtMs: z.number(),
});

export type SignInCode = z.output<typeof codeSchema>;

/** What the browser brings to the command line, which gets a session for it. */
export function sealCode({ sealer, nowMs }: Plane, code: Omit<SignInCode, "expiresAtMs">): string {
  return sealer.seal(JSON.stringify({ ...code, expiresAtMs: nowMs() + CODE_LIFETIME_MS }), SIGN_IN_CODE);
}

/** Counts once (RFC 6749 §4.1.2), for all control processes. Throws `sign_in_invalid`. */
export async function redeemCode(plane: Plane, text: string, verifier: string): Promise<SignInCode> {
  const code = openCode(plane.sealer, text);
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  if (code === null || code.expiresAtMs <= plane.nowMs() || !isSameSecret(code.challenge, challenge)) throw invalid();
  if (!(await isFirst(plane, text))) throw invalid();
  return code;
}

function openCode(sealer: Sealer, text: string): SignInCode | null {
  try {
    return codeSchema.parse(JSON.parse(sealer.open(text, SIGN_IN_CODE)));
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** Codes that were used are remembered like requests that are done once, and for longer than they are good. */
async function isFirst({ db, nowMs }: Plane, text: string): Promise<boolean> {
  const row = { actor_id: SIGN_IN_CODE, key: sha256Hex(text), request_digest: "", status: 204, body: "" };
  const insertion = db.insertInto("idempotency").values({ ...row, created_at: nowMs() });
  const { numInsertedOrUpdatedRows = 0n } = await insertion
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows > 0n;
}

function invalid(): ProblemError {
  return new ProblemError("sign_in_invalid", "the code is not good, or not any more: sign in again");
}
