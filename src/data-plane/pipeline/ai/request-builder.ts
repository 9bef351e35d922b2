import { GatewayError } from "../../../contracts/errors.ts";
import type { InboundName } from "../../../dialects/index.ts";
import type { WorkerPool } from "../../../platform/worker-pool.ts";
import type { Context } from "../context.ts";
import { type ScannedRequest, scanRequest } from "./passthrough-request.ts";
import { withoutHintFields, withoutHints } from "./routing/hint-fields.ts";
import { type RequestFeatures, readFeatures } from "./routing/request-features.ts";
import { tooDeep } from "./too-deep.ts";
import { translateInPool } from "./translate-in-pool.ts";
import type { TranslateResult } from "./translate-task.ts";
import {
  type BuiltCall,
  buildAddressed,
  buildCall,
  buildPassthrough,
  type CallPlan,
  type InspectedRequest,
  inspectRequest,
  inspectScanned,
  parseBody,
} from "./translation.ts";

/**
 * Makes a call's request into that of each target. What needs no translation is edited in place, whatever its size; small
 * bodies are translated in place, large ones in the pool.
 */
export class RequestBuilder {
  /** The caller's body without what is for the gateway; where that can't be cut out, `withoutHints` says what is to be. */
  bytes: Buffer;
  withoutHints: CallPlan["withoutHints"];
  readonly #offloadBytes: number;
  /** Null when the body can't be known without parsing it. */
  #scanned: ScannedRequest | null = null;
  #body: Record<string, unknown> | null = null;
  #features: RequestFeatures | null = null;

  constructor(bytes: Buffer, offloadBytes: number) {
    this.bytes = bytes;
    this.#offloadBytes = offloadBytes;
  }

  /** The next request of the kind can be made without looking at more of its body. */
  get isScanned(): boolean {
    return this.#scanned !== null;
  }

  /** The bytes have to be worked on in the pool. */
  get isLarge(): boolean {
    return this.bytes.length > this.#offloadBytes;
  }

  /** `usualModel`: what is meant where no model is named. What the body asks for; null: it is to be looked at in the pool. Throws `invalid_json` or `invalid_request`. */
  inspect(inbound: InboundName, usualModel: string | undefined): InspectedRequest | null {
    this.#scanned = scanRequest(this.bytes);
    if (this.#scanned !== null) return inspectScanned(this.#scanned, inbound, usualModel);
    return this.isLarge ? null : inspectRequest(this.parsed(), inbound, usualModel);
  }

  inspectInPool(
    pool: WorkerPool,
    context: Context,
    inbound: InboundName,
    onInspected: (request: InspectedRequest) => void,
  ): void {
    const task = { kind: "inspect", bytes: this.bytes, inbound } as const;
    translateInPool(pool, context, task, (result) => onInspected(result as InspectedRequest));
  }

  /** Takes out what the body says to the gateway alone. */
  takeOut({ model, hintFields }: InspectedRequest): void {
    const missing = hintFields?.namesModel === false ? model : null;
    const cut = withoutHintFields(this.bytes, missing);
    if (cut === null) this.withoutHints = { model: missing };
    else {
      this.bytes = cut;
      if (this.#scanned !== null) this.#scanned = scanRequest(cut);
    }
    if (this.#body !== null) this.#body = withoutHints(this.#body, missing);
  }

  /** What rules ask of the body. */
  features(inbound: InboundName): RequestFeatures {
    this.#features ??= readFeatures(this.parsed(), inbound);
    return this.#features;
  }

  readInPool(
    pool: WorkerPool,
    context: Context,
    inbound: InboundName,
    onRead: (features: RequestFeatures) => void,
  ): void {
    const task = { kind: "features", bytes: this.bytes, inbound } as const;
    translateInPool(pool, context, task, (result) => {
      this.#features = result as RequestFeatures;
      onRead(this.#features);
    });
  }

  /** Null: it is to be built in the pool. Throws what `buildCall` does. */
  build(request: InspectedRequest, plan: CallPlan): BuiltCall | null {
    try {
      return this.#build(request, plan);
    } catch (error) {
      throw tooDeep(error, "invalid_request", "the request body");
    }
  }

  #build(request: InspectedRequest, plan: CallPlan): BuiltCall | null {
    if (plan.prefix !== undefined) return this.isLarge ? null : buildCall(this.parsed(), plan);
    const scanned = this.#scanned;
    const same =
      scanned === null ? buildAddressed(this.bytes, plan) : buildPassthrough(this.bytes, scanned, request, plan);
    if (same !== null) return same;
    return this.isLarge ? null : buildCall(this.parsed(), plan);
  }

  buildInPool(
    pool: WorkerPool,
    context: Context,
    plan: CallPlan,
    onBuilt: (built: BuiltCall) => void,
    onError: (error: unknown) => void,
  ): void {
    const task = { kind: "build", bytes: this.bytes, plan } as const;
    translateInPool(pool, context, task, (result) => onBuilt(asBuilt(result)), onError);
  }

  /** The body as an object; not to be changed. */
  parsed(): Readonly<Record<string, unknown>> {
    this.#body ??= parseBody(this.bytes);
    return this.#body;
  }

  /** Throws `invalid_json` where there is none. */
  static of(body: Buffer | null, offloadBytes: number): RequestBuilder {
    if (body === null) throw new GatewayError("invalid_json", "the request has no body: send a JSON object");
    return new RequestBuilder(body, offloadBytes);
  }
}

/** Bytes cross threads as plain Uint8Arrays. */
function asBuilt(result: TranslateResult): BuiltCall {
  const built = result as BuiltCall;
  return { ...built, body: Buffer.from(built.body.buffer, built.body.byteOffset, built.body.byteLength) };
}
