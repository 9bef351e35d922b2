import { GatewayError } from "../../contracts/errors.ts";
import type { LimitStore } from "../../contracts/limits.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import { KeySet } from "../key-sets/key-set.ts";
import { type CallRunner, Context } from "../pipeline/context.ts";
import { CallerDirectory } from "../pipeline/credentials/caller-directory.ts";
import { compileCredentials } from "../pipeline/credentials/compile-credentials.ts";
import { DetachedExchange } from "../pipeline/detached-exchange.ts";
import { asGatewayError } from "../pipeline/errors.ts";
import type { Stage } from "../pipeline/pipeline.ts";
import { ModelAccessRules } from "../pipeline/policies/model-access.ts";
import { SharedLimits } from "../pipeline/policies/shared-limits.ts";
import { ToolAccessRules } from "../pipeline/policies/tool-access.ts";
import type { Router } from "../pipeline/router.ts";
import { compile as compileAuthenticate } from "../pipeline/stages/authenticate.ts";
import { compile as compileAuthorize } from "../pipeline/stages/authorize.ts";
import { compile as compileGuard } from "../pipeline/stages/guard.ts";
import { checkOrigin, compile as compileReadMessage } from "../pipeline/stages/read-message.ts";
import { compile as compileRoute } from "../pipeline/stages/route.ts";
import { compile as compileScreen } from "../pipeline/stages/screen.ts";
import { compile as compileSelectRelease } from "../pipeline/stages/select-release.ts";
import type { ExplainRequest } from "./explanation.ts";

export interface TrialResult {
  context: Context;
  error: GatewayError | null;
  /** A stage has answered by itself. */
  isAnswered: boolean;
  /** It came as far as its limits. */
  isAdmitted: boolean;
}

/**
 * Runs the stages of a gateway that decide, in their order, on a call without a client. `admit` is left out: it counts.
 * So is what comes after `guard`: it dials.
 */
export class Trial implements CallRunner {
  readonly snapshot: PackedSnapshot["head"];
  readonly #beforeAdmit: readonly Stage[];
  readonly #afterAdmit: readonly Stage[];
  #error: GatewayError | null = null;
  #current: Context | null = null;
  #body: Buffer | null = null;

  constructor({ head, chunks }: PackedSnapshot, router: Router) {
    this.snapshot = head;
    const callers = new CallerDirectory(chunks, new SharedLimits(head));
    const credentials = compileCredentials(head, callers, { obtain: neverFetched });
    this.#beforeAdmit = [
      compileRoute(router, { draining: false, open: new Set() }),
      withoutWaiting(compileAuthenticate(credentials, { limits: UNCOUNTED, fastPath: null })),
      this.#withBody(compileReadMessage(null)),
      compileSelectRelease(() => Number.NaN),
      compileAuthorize(),
      compileScreen(new ModelAccessRules(head), new ToolAccessRules(head)),
    ];
    this.#afterAdmit = [compileGuard()];
  }

  run(request: ExplainRequest): TrialResult {
    this.#error = null;
    const context = new Context(this, exchangeOf(request), "explained", request.atMs, 0);
    this.#current = context;
    this.#body = request.body ?? null;
    context.requestBytes = Math.max(0, request.bodyBytes);
    const isAdmitted = this.#runStages(this.#beforeAdmit, context);
    const isAnswered = !isAdmitted && this.#error === null;
    if (isAdmitted) this.#runStages(this.#afterAdmit, context);
    return { context, error: this.#error, isAnswered, isAdmitted };
  }

  /** Whether all of them let it through. `wait`: for the body, which nothing here depends on. */
  #runStages(stages: readonly Stage[], context: Context): boolean {
    for (const stage of stages) {
      try {
        if (stage(context) === "done") return false;
      } catch (error) {
        this.fail(context, error);
      }
      if (this.#error !== null) return false;
    }
    return true;
  }

  /** What a message asks for is known where the body is. */
  #withBody(readMessage: Stage): Stage {
    return (context) => {
      const { target, exchange } = context;
      if (target?.kind !== "rest" || target.snapshot.kind !== "mcp") return "next";
      context.body = this.#body;
      if (context.body !== null || exchange.contentLength !== 0 || exchange.method !== "POST")
        return readMessage(context);
      // Nobody has said what it would be.
      checkOrigin(exchange, context.cors);
      return "next";
    };
  }

  fail(context: Context, cause: unknown): void {
    if (context === this.#current) this.#error ??= asGatewayError(cause);
  }

  resume(): void {}
  abandon(): void {}
  finish(): void {}
}

/** A signature is spent by a call, and by nothing that only looks like one. */
const UNCOUNTED: LimitStore = {
  reserve: () => ({ allowed: true, remaining: 0, resetMs: 0, retryAfterMs: 0 }),
  settle() {},
};

/** Nobody is asked for keys: a token of theirs is not verified here. */
const neverFetched = (_url: string, refreshMs: number) =>
  new KeySet(
    () => new Promise(() => {}),
    refreshMs,
    () => {},
  );

function withoutWaiting(authenticate: Stage): Stage {
  return (context) => {
    const outcome = authenticate(context);
    if (outcome !== "wait") return outcome;
    const message = "explain verifies no tokens and no bodies: ask with an API key of the application";
    throw new GatewayError("invalid_credentials", message);
  };
}

function exchangeOf(request: ExplainRequest): DetachedExchange {
  const { clientAddress: peerAddress, bodyBytes: contentLength, headers } = request;
  return new DetachedExchange({ ...request, peerAddress, contentLength, rawHeaders: headers.flat() });
}
