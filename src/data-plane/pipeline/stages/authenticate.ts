import { createHash } from "node:crypto";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import { type CompiledApplication, compileLimits } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { Stage } from "../pipeline.ts";

/** Where the gateway's key may stand, in the order in which they count: SDKs of every provider work as they are. */
const KEY_HEADERS = ["x-api-key", "x-goog-api-key", "api-key"] as const;
const BEARER = /^bearer +/i;

/** Stage 3. Application by the SHA-256 of the key: keys are neither stored nor compared in the clear. */
export function compile(snapshot: Snapshot): Stage {
  const applications = new Map<string, CompiledApplication>();
  for (const application of snapshot.applications) {
    const compiled: CompiledApplication = {
      id: application.id,
      team: application.team,
      subscriptions: new Set(application.subscriptions),
      limits: compileLimits(application.limits, `application ${application.id}`),
      snapshot: application,
    };
    for (const digest of application.keyDigests) applications.set(digest, compiled);
  }
  return (context) => {
    if (context.target?.kind === "health" || context.target === null) return "next";
    const open = context.target.service.access === "open";
    const key = readKey(context.exchange, context);
    const application = key === null ? undefined : applications.get(sha256(key));
    if (application !== undefined) {
      context.application = application;
      return "next";
    }
    // An open service may have credentials of its own in the same headers.
    context.credentialHeader = null;
    if (open) return "next";
    throw key === null
      ? new GatewayError("missing_credentials", "send your API key as `Authorization: Bearer <key>` or `x-api-key`")
      : new GatewayError("invalid_credentials", "this API key is not known: check it, or ask for a new one");
  };
}

function readKey(exchange: Exchange, context: Context): string | null {
  for (const name of KEY_HEADERS) {
    const value = exchange.header(name);
    if (value !== undefined) {
      context.credentialHeader = name;
      return value;
    }
  }
  const authorization = exchange.header("authorization");
  if (authorization === undefined || !BEARER.test(authorization)) return null;
  context.credentialHeader = "authorization";
  return authorization.replace(BEARER, "").trim();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
