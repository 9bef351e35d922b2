import { createHash } from "node:crypto";
import type { CachePolicySnapshot } from "../../../contracts/policies.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import type { ModelRoute } from "../ai/model-routes.ts";
import type { Context } from "../context.ts";
import type { Runtime } from "../runtime.ts";
import { scopeOf } from "./cache-scope.ts";
import { requestDigest } from "./request-key.ts";

/** What tells calls to models apart, over one snapshot. */
export class ModelCache {
  readonly runtime: Runtime;
  readonly #purges: Readonly<Record<string, number>>;
  readonly #maxParsedBytes: number;
  readonly #namespaces = new WeakMap<ModelRoute, string>();

  constructor({ cachePurges = {}, ai }: Pick<Snapshot, "cachePurges" | "ai">, runtime: Runtime) {
    this.runtime = runtime;
    this.#purges = cachePurges;
    this.#maxParsedBytes = ai.offloadBytes;
  }

  /** `operation`: endpoint and dialect. `headers`: those of the caller that the provider may get to see. */
  keyOf(
    context: Context,
    policy: CachePolicySnapshot,
    lifetimeMs: number,
    operation: string,
    route: ModelRoute,
    headers: readonly string[],
  ): string {
    const { exchange, body } = context;
    const varied = [...headers, ...policy.varyBy].map((name) =>
      context.credentialHeaders.includes(name) ? "" : (exchange.header(name) ?? ""),
    );
    const digest = requestDigest(body ?? Buffer.alloc(0), this.#maxParsedBytes);
    const scope = scopeOf(context, policy.scope);
    const { target } = context;
    const service = target?.kind === "ai" ? target.service.id : "ai";
    // Each service's answers are dropped by themselves.
    const of = [this.#namespaceOf(route), service, this.#purges[service] ?? 0];
    return ["model", ...of, policy.scope, scope, lifetimeMs, operation, digest, ...varied].join("\n");
  }

  /** Where an answer could have come from: with another target it may be another one. */
  #namespaceOf(route: ModelRoute): string {
    let namespace = this.#namespaces.get(route);
    if (namespace === undefined) {
      const targets = route.targets.map(({ provider, target }) => {
        const { id, kind, dialect, baseUrl, headers } = provider;
        return [id, kind, dialect, baseUrl, headers, target.model];
      });
      const parts = JSON.stringify([route.name, route.strategy, targets]);
      namespace = createHash("sha256").update(parts).digest("base64url").slice(0, 22);
      this.#namespaces.set(route, namespace);
    }
    return namespace;
  }
}

/** For how long answers of models are good; null: nothing is stored, since they do not say so themselves. */
export function modelTtlMs(policy: CachePolicySnapshot | null): number | null {
  return policy === null ? null : (policy.overrideTtlMs ?? policy.defaultTtlMs);
}
