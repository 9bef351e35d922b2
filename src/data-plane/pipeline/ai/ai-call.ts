import type { CallAddress } from "../../../contracts/dialect.ts";
import type { InboundName } from "../../../dialects/index.ts";
import { lookupForCall } from "../cache/lookup-for-call.ts";
import type { ModelCache } from "../cache/model-cache.ts";
import type { Context } from "../context.ts";
import type { AiRuntime } from "./ai-runtime.ts";
import type { AiTarget } from "./ai-target.ts";
import { AttemptLoop } from "./attempt-loop.ts";
import type { ModelRoute, ModelRoutes } from "./model-routes.ts";
import { isRelayed } from "./relayed-answer.ts";
import { RequestBuilder } from "./request-builder.ts";
import { resolveModel } from "./resolve-model.ts";
import { choosePath, readHints, requireFieldsAllowed, takesFields } from "./routing/choose-path.ts";
import type { ClientHints } from "./routing/client-hints.ts";
import { MAX_COPY_ANSWER_BYTES, type ModelMirror } from "./routing/model-mirror.ts";
import { NO_FEATURES, type RequestFeatures } from "./routing/request-features.ts";
import { isKeeper, type Pin, pinRequest } from "./stored/pin.ts";
import { type AiOperation, type InspectedRequest, inspectAddress } from "./translation.ts";
import type { ModelForm } from "./upload/model-form.ts";

export interface AiCallOptions {
  operation: AiOperation;
  inbound: InboundName;
  /** Null: the body says what is asked of which model. */
  address: CallAddress | null;
  offloadBytes: number;
  maxResponseBytes: number;
  /** What is meant where no model is named. Absent: one has to be. */
  usualModel?: string;
  /** Of a call whose body is a form. */
  upload: ModelForm | null;
  /** Of a copy: where it goes, whatever its body asks for. Absent: where the model's name leads. */
  route?: ModelRoute;
}

/**
 * A call to a model: reads what is asked of which one, finds the route that it goes by (routing/), and looks for a stored answer.
 * Then attempts are made (attempt-loop.ts).
 */
export class AiCall {
  readonly #context: Context;
  readonly #options: AiCallOptions;
  readonly #routes: ModelRoutes;
  readonly #runtime: AiRuntime;
  readonly #cache: ModelCache;
  #request!: InspectedRequest;
  /** null: the body is a form. */
  #builder: RequestBuilder | null = null;
  /** Where it has to go, because of what it names; null: wherever its route leads. */
  #pin: Pin | null = null;
  /** As the caller asked for it: rules, a canary and hints may have chosen another. */
  #named!: ModelRoute;
  #isLearnable = true;
  /** null: the body is still being looked at. */
  #attempts: AttemptLoop | null = null;

  constructor(context: Context, options: AiCallOptions, routes: ModelRoutes, runtime: AiRuntime, cache: ModelCache) {
    this.#context = context;
    this.#options = options;
    this.#routes = routes;
    this.#runtime = runtime;
    this.#cache = cache;
  }

  start(): void {
    const context = this.#context;
    const { upload, inbound, address, offloadBytes, usualModel } = this.#options;
    context.abortAttempt = (reason) => this.#attempts?.abandon(reason);
    if (upload !== null) {
      upload.start((request) => this.#begin(request));
      return;
    }
    const pinned = pinRequest(context, inbound, this.#runtime.objectIds);
    this.#pin = pinned?.pin ?? null;
    const builder = RequestBuilder.of(pinned?.body ?? context.body, offloadBytes);
    this.#builder = builder;
    const request = address === null ? builder.inspect(inbound, usualModel) : inspectAddress(address, builder.bytes);
    if (request !== null) this.#begin(request);
    else builder.inspectInPool(this.#runtime.pool, context, inbound, (found) => this.#begin(found));
  }

  #begin(request: InspectedRequest): void {
    const context = this.#context;
    const { inbound, route } = this.#options;
    this.#request = request;
    context.modelAsked = request.model.slice(0, 200);
    const named = route ?? resolveModel(context, this.#routes, request.model);
    this.#named = named;
    const hints = route === undefined ? readHints(context, inbound, request, named) : null;
    if (request.hintFields !== undefined && takesFields(named, context, inbound)) this.#builder?.takeOut(request);
    if (named.selector === null && hints === null) {
      this.#isLearnable = !named.isChosen && route === undefined && this.#pin === null;
      this.#routed(named);
      return;
    }
    this.#isLearnable = false;
    const builder = this.#builder;
    // Which rule holds may depend on what the body holds, and long bodies are read elsewhere.
    if (builder === null || !this.#routes.readBodies || !builder.isLarge) {
      this.#choosePath(named, hints, () => this.#features());
      return;
    }
    builder.readInPool(this.#runtime.pool, context, inbound, (features) =>
      this.#choosePath(named, hints, () => features),
    );
  }

  /** Of a form nothing is known. */
  #features(): RequestFeatures {
    return this.#builder?.features(this.#options.inbound) ?? NO_FEATURES;
  }

  /** Rules, canary, hints. */
  #choosePath(named: ModelRoute, hints: ClientHints | null, features: () => RequestFeatures): void {
    const context = this.#context;
    const mayServe = (target: AiTarget) => isKeeper(this.#pin, target);
    const { route, by } = choosePath(named, hints, context, this.#routes, this.#request, features, mayServe);
    context.routedBy = by;
    if (hints !== null) context.tags = hints.tags;
    this.#routed(route);
  }

  #routed(route: ModelRoute): void {
    const context = this.#context;
    requireFieldsAllowed(context, this.#options.inbound, this.#request, this.#named, route);
    if (route.timeouts.totalMs > 0) context.deadlineMs = context.startedAtMs + route.timeouts.totalMs;
    const { inbound, address, operation, maxResponseBytes, offloadBytes, upload } = this.#options;
    const routed = {
      context,
      inbound,
      address,
      operation,
      maxResponseBytes,
      offloadBytes,
      upload,
      builder: this.#builder,
      pin: this.#pin,
      request: this.#request,
      route,
      isLearnable: this.#isLearnable,
    };
    const lookup = isRelayed(operation) ? null : lookupForCall(routed, this.#cache);
    const attempts = new AttemptLoop(routed, lookup, this.#runtime);
    this.#attempts = attempts;
    if (lookup === null) this.#forward(attempts);
    else lookup.start(() => this.#forward(attempts));
  }

  #forward(attempts: AttemptLoop): void {
    attempts.start();
    const { mirror } = this.#named;
    const builder = this.#builder;
    // Nobody else has what a pinned call names.
    if (mirror !== null && builder !== null && this.#pin === null && !this.#context.finished)
      mirror.copy(this.#context, builder.bytes, (copy) => this.#startCopy(copy, mirror));
  }

  #startCopy(copy: Context, { destination }: ModelMirror): void {
    const resolve = (name: string) => this.#routes.resolve(name);
    const named = typeof destination === "string" ? resolve(destination) : destination;
    const { route } = choosePath(named, null, copy, this.#routes, this.#request, () => this.#features(), ANY);
    const options = {
      ...this.#options,
      maxResponseBytes: Math.min(this.#options.maxResponseBytes, MAX_COPY_ANSWER_BYTES),
      route: { ...route, mirror: null, selector: null, maxAttempts: 1 },
    };
    copy.routedBy = "mirror";
    new AiCall(copy, options, this.#routes, this.#runtime, this.#cache).start();
  }
}

/** Of a call that names nothing that some provider keeps. */
const ANY = () => true;
