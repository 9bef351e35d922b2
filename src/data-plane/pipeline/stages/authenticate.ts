import { hash } from "node:crypto";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import { type CompiledApplication, compileLimits } from "../compiled.ts";
import type { Stage } from "../pipeline.ts";
import { indexSubscriptions } from "../subscriptions.ts";

/** Where the gateway's key may stand, in the order in which they count: SDKs of every provider work as they are. */
const KEY_HEADERS = ["x-api-key", "x-goog-api-key", "api-key", "authorization"] as const;
const BEARER = /^bearer +/i;

/** Applications by the SHA-256 of their keys, hex. */
export function compileApplications(snapshot: Snapshot): ReadonlyMap<string, CompiledApplication> {
  const applications = new Map<string, CompiledApplication>();
  for (const application of snapshot.applications) {
    const compiled: CompiledApplication = {
      id: application.id,
      team: application.team,
      subscriptions: application.subscriptions,
      subscriptionIndex: indexSubscriptions(application.subscriptions),
      limits: compileLimits(application.limits, `application ${application.id}`, application.id),
      snapshot: application,
    };
    for (const digest of application.keyDigests) applications.set(digest, compiled);
  }
  return applications;
}

/** Stage 3. Application by the SHA-256 of the key: keys are neither stored nor compared in the clear. */
export function compile(applications: ReadonlyMap<string, CompiledApplication>): Stage {
  return (context) => {
    const { target, exchange } = context;
    if (target === null || target.kind === "health") return "next";
    let sent = false;
    // All of them are looked at: an upstream may want a key of its own beside ours, and must not see ours at all.
    for (const name of KEY_HEADERS) {
      const key = readKey(exchange, name);
      if (key === null) continue;
      sent = true;
      const application = applications.get(sha256(key));
      if (application === undefined) continue;
      context.application ??= application;
      context.credentialHeaders = [...context.credentialHeaders, name];
    }
    if (context.application !== null || target.service.access === "open") return "next";
    throw sent
      ? new GatewayError("invalid_credentials", "this API key is not known: check it, or ask for a new one")
      : new GatewayError("missing_credentials", "send your API key as `Authorization: Bearer <key>` or `x-api-key`");
  };
}

function readKey(exchange: Exchange, name: string): string | null {
  const value = exchange.header(name);
  if (value === undefined || name !== "authorization") return value ?? null;
  return BEARER.test(value) ? value.replace(BEARER, "").trim() : null;
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
