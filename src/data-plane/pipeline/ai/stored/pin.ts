import { GatewayError } from "../../../../contracts/errors.ts";
import type { InboundName } from "../../../../dialects/index.ts";
import type { ProviderKey } from "../../../provider-keys/provider-key.ts";
import type { Context } from "../../context.ts";
import type { AiTarget } from "../ai-target.ts";
import type { ModelRoute } from "../model-routes.ts";
import { parsed } from "../passthrough-request.ts";
import { scanTopLevel, type ValueSpan } from "../top-level-fields.ts";
import type { NamePair } from "./answer-ids.ts";
import { findNamedFiles } from "./named-files.ts";
import { keyTagOf, type ObjectIds, type StoredObject } from "./object-ids.ts";
import { StoredObjects } from "./stored-objects.ts";

const RESPONSE_MARK = "resp_tg1_";
const PREVIOUS = "previous_response_id";

/** The provider that a call has to go to, because it keeps what the request names. */
export interface Pin {
  provider: string;
  /** Of the key with which the files were made: another account does not have them. null: any key of the provider. */
  keyTag: string | null;
  /** The field that names it; of several the first. */
  param: string;
  names: readonly NamePair[];
  /** Of the answer that is to be made: how many before it have ids of this application, see StoredObject. */
  before: number;
}

export interface PinnedRequest {
  pin: Pin;
  /** With the provider's own ids. */
  body: Buffer;
}

interface Reference extends ValueSpan {
  param: string;
  given: string;
  object: StoredObject;
}

/**
 * Looks for ids of the gateway in a request: of files, and of the answer that it goes on from. null: it names none. Throws
 * `object_not_found` for one that is not this application's, and `invalid_request` where no provider has them all.
 */
export function pinRequest(
  { body, application }: Pick<Context, "body" | "application">,
  inbound: InboundName,
  ids: ObjectIds,
): PinnedRequest | null {
  if (body === null) return null;
  const objects = new StoredObjects(ids, application?.id ?? "");
  // One id is looked at once, however often it is named.
  const files = new Map<string, StoredObject>();
  const references = findNamedFiles(body, inbound).map(({ id: given, param, start, end }): Reference => {
    const object = files.get(given) ?? objects.find(given, param);
    files.set(given, object);
    return { param, given, start, end, object };
  });
  const [file] = references;
  const previous = inbound === "openai-responses" ? findPrevious(body, objects) : null;
  if (previous !== null) references.unshift(previous);
  const [first] = references;
  if (first === undefined) return null;
  const { provider } = first.object;
  for (const other of references) if (other.object.provider !== provider) throw keptElsewhere(first, other);
  return {
    pin: {
      provider,
      keyTag: file === undefined ? null : file.object.keyTag,
      param: first.param,
      names: [...new Map(references.map(({ object, given }) => [object.id, given]))],
      before: previous === null ? 0 : previous.object.before + 1,
    },
    body: replaced(body, references),
  };
}

function findPrevious(body: Buffer, objects: StoredObjects): Reference | null {
  if (!body.includes(RESPONSE_MARK)) return null;
  const span = scanTopLevel(body.toString("latin1"), [PREVIOUS])?.[0];
  if (span == null) return null;
  const given = parsed(body.toString("utf8", span.start, span.end));
  if (typeof given !== "string" || !given.startsWith(RESPONSE_MARK)) return null;
  return { start: span.start + 1, end: span.end - 1, param: PREVIOUS, given, object: objects.find(given, PREVIOUS) };
}

function keptElsewhere(first: Reference, other: Reference): GatewayError {
  const { param } = other;
  return new GatewayError(
    "invalid_request",
    `\`${param}\` is kept by provider \`${other.object.provider}\` and \`${first.param}\` by \`${first.object.provider}\`, and a call goes to one of them: upload the file to the other provider as well, or send it as data`,
    { param },
  );
}

function replaced(body: Buffer, references: readonly Reference[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end, object } of references.toSorted((a, b) => a.start - b.start)) {
    parts.push(body.subarray(from, start), Buffer.from(JSON.stringify(object.id).slice(1, -1)));
    from = end;
  }
  parts.push(body.subarray(from));
  return Buffer.concat(parts);
}

/** Whether a target may be asked by a call; `pin` null: any may. */
export function isKeeper(pin: Pin | null, { provider }: AiTarget): boolean {
  return pin === null || provider.id === pin.provider;
}

/** Of the targets in turn, those that a pinned call may go to. Throws `unsupported_field` or `object_not_found` where there is none. */
export function keepersOf(pin: Pin, { name, targets }: ModelRoute, order: readonly number[]): readonly number[] {
  const able = order.filter((index) => isKeeper(pin, targets[index] as AiTarget));
  const [first] = able;
  const { param, provider } = pin;
  if (first === undefined) {
    throw new GatewayError(
      "unsupported_field",
      `\`${param}\` names what provider \`${provider}\` keeps, and model \`${name}\` has no target there: choose a model of that provider, or send the content itself`,
      { param },
    );
  }
  if (
    pin.keyTag !== null &&
    targets[first]?.keys.keys.length !== 0 &&
    pinnedKey(pin, targets[first] as AiTarget) === null
  ) {
    const problem = `\`${param}\` names what provider \`${provider}\` keeps for a key that is not here any more: upload it again`;
    throw new GatewayError("object_not_found", problem, { param });
  }
  return able;
}

/** The one key of a target that a call may be made with; null: whichever is next in turn. */
export function pinnedKey(pin: Pin | null, { keys }: AiTarget): ProviderKey | null {
  if (pin === null || pin.keyTag === null) return null;
  return keys.keys.find(({ id }) => keyTagOf(id) === pin.keyTag) ?? null;
}

/** Why the one key may not be used, where another would do for other calls. */
export function noPinnedKey(pin: Pin, key: ProviderKey, nowMs: number): GatewayError {
  const { expiresAtMs, state } = key;
  const isExpired = expiresAtMs !== 0 && nowMs >= expiresAtMs;
  const problem = isExpired ? "has expired: upload it again" : "is at a limit";
  return new GatewayError(
    "upstream_unavailable",
    `\`${pin.param}\` names what provider \`${pin.provider}\` keeps for its key \`${key.id}\`, which ${problem}`,
    isExpired ? {} : { retryAfterMs: Math.max(1000, state.limitedUntilMs - nowMs) },
  );
}
