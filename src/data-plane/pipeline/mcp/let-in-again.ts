import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "../../../contracts/errors.ts";
import type { CredentialSnapshot } from "../../../contracts/snapshot.ts";
import { type CallRunner, Context } from "../context.ts";
import type { CallerDirectory } from "../credentials/caller-directory.ts";
import { compileTerms, refusalOf } from "../credentials/compiled-credential.ts";
import { asGatewayError } from "../errors.ts";
import type { Stage } from "../pipeline.ts";
import { refuseRetired } from "../releases/lifecycle.ts";
import type { Router } from "../router.ts";
import type { LetIn } from "./open-streams.ts";

/**
 * Whether a call that was let in, and goes on for hours, would be let in now: by the same route, with the same credential. `stages`: those
 * that decide, once the caller is known.
 */
export function compileLetIn(
  router: Router,
  callers: Pick<CallerDirectory, "application">,
  stages: readonly Stage[],
): (runner: CallRunner) => LetIn {
  return (runner) => (open) => {
    const { exchange, target } = open;
    const again = new Context(runner, exchange, open.id, Date.now(), performance.now());
    try {
      const match = router(exchange.method, exchange.host, exchange.path);
      const isSame =
        match.found &&
        match.target.kind === "rest" &&
        target?.kind === "rest" &&
        match.target.service.id === target.service.id;
      if (!isSame) return new GatewayError("route_not_found", "the service has this route no longer");
      again.target = match.target;
      if (match.target.kind === "rest" && match.target.releases === null) refuseRetired(match.target.snapshot);
      recognise(again, open, callers);
      for (const stage of stages) stage(again);
      return again;
    } catch (error) {
      return asGatewayError(error);
    }
  };
}

/** Its application, as long as the credential that it came with is still one of it. */
function recognise(again: Context, open: Context, callers: Pick<CallerDirectory, "application">): void {
  const { application, credential, tokenExpiresAtMs } = open;
  if (application === null || credential === null) return;
  const now = callers.application(application.id);
  if (now === null) throw notKnown();
  again.application = now;
  again.tokenExpiresAtMs = tokenExpiresAtMs;
  if (again.startedAtMs >= tokenExpiresAtMs) {
    throw new GatewayError("credential_expired", "the token has expired: ask its issuer for another one");
  }
  const before = application.snapshot.credentials.find(({ id }) => id === credential.id);
  // A claim of an issuer may name the application itself.
  if (before === undefined) {
    again.credential = credential;
    return;
  }
  const kept = now.snapshot.credentials.find(({ id }) => id === credential.id);
  if (kept === undefined || !isSameCredential(before, kept)) throw notKnown();
  again.credential = compileTerms(kept, now);
  const refusal = refusalOf(again.credential, again.exchange, again.startedAtMs);
  if (refusal !== null) throw refusal;
}

function notKnown(): GatewayError {
  return new GatewayError("invalid_credentials", "these credentials are not known any more: ask for new ones");
}

/** On whatever terms. */
function isSameCredential(one: CredentialSnapshot, other: CredentialSnapshot): boolean {
  const terms = { expiresAtMs: null, addresses: [] };
  return isDeepStrictEqual({ ...one, ...terms }, { ...other, ...terms });
}
