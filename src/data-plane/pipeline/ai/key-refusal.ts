import { GatewayError } from "../../../contracts/errors.ts";
import type { TokenFailure } from "../../provider-keys/fetch-token.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import type { AiTarget } from "./ai-target.ts";

/** What a failure says of the key the call was made with. */
export interface KeyRefusal {
  /** For whatever model; otherwise for the one that was called. */
  isWhole: boolean;
  status: number;
}

/** Of a target what is about its keys. */
export type KeyedTarget = Pick<AiTarget, "provider" | "keys"> & { target: Pick<AiTarget["target"], "model"> };

/** Codes and types with which a provider says that an account has no more to spend (1113: Zhipu's). */
const SPENT = /insufficient_quota|quota_exceeded|billing|credit|insufficient_balance|arrear|\b1113\b/i;
/** Codes of bad keys that come with status 400: Google's and DashScope's. */
const BAD_KEY = /^(?:API_KEY_INVALID|Arrearage)$/;

/**
 * null: nothing. A key that is unknown or has nothing left to spend is refused as a whole. That it may not call a model, or
 * calls it too often, is about that model: callers choose models, and must not be able to take a key from others.
 */
export function keyRefusal(error: GatewayError): KeyRefusal | null {
  if (error.code === "provider_token_unavailable") return { isWhole: true, status: 0 };
  const { provider: failure } = error;
  if (error.code !== "provider_error" || failure === null) return null;
  const { status, code, type } = failure;
  if (status === 401 || status === 402 || (status === 400 && BAD_KEY.test(code ?? "")))
    return { isWhole: true, status };
  if (status !== 403 && status !== 429) return null;
  return { isWhole: SPENT.test(`${code ?? ""} ${type ?? ""}`), status };
}

/**
 * Takes the key out. An only key is, for what is about it as a whole, where there is another target to go to (`isOnly`: there
 * is none); for all else, the target's circuit breaker does.
 */
export function noteRefusal(
  { keys, target }: AiTarget,
  key: ProviderKey,
  { isWhole, status }: KeyRefusal,
  { retryAfterMs }: GatewayError,
  nowMs: number,
  isOnly: boolean,
): void {
  key.state.countRefusal(status);
  if (keys.keys.length === 1 && (isOnly || !isWhole)) return;
  keys.refused(key, isWhole ? null : target.model, status, retryAfterMs, nowMs);
}

/** Another key of the target can be tried at once. */
export function hasKeyFor({ keys, target }: AiTarget, nowMs: number): boolean {
  return keys.keys.length > 1 && keys.isUsable(target.model, nowMs);
}

export function noToken({ provider }: KeyedTarget, key: ProviderKey, { message }: TokenFailure): GatewayError {
  return new GatewayError(
    "provider_token_unavailable",
    `provider ${provider.id}: no token could be had for the key \`${key.id}\`${message === "" ? "" : `: ${message}`}`,
  );
}

/** All keys have expired, are at their limits, or were refused. */
export function noKeyFor({ provider, keys, target }: KeyedTarget, nowMs: number): GatewayError {
  const of = (count: number, what: string) => (count === 0 ? [] : [`${count} ${what}`]);
  const expired = keys.keys.filter(({ expiresAtMs }) => expiresAtMs !== 0 && nowMs >= expiresAtMs).length;
  const out = keys.keys.filter((key) => key.isAllowed(nowMs) && !key.state.permits(target.model, nowMs)).length;
  const limited = keys.keys.length - expired - out;
  const reasons = [...of(limited, "at a limit"), ...of(expired, "expired"), ...of(out, "refused by the provider")];
  const retryAfterMs = keys.retryAfterMs(target.model, nowMs);
  return new GatewayError(
    "upstream_unavailable",
    `no key of provider ${provider.id} may be used at the moment: ${reasons.join(", ")}`,
    retryAfterMs === null ? {} : { retryAfterMs: Math.max(1000, retryAfterMs) },
  );
}
