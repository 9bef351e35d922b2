import type { GatewayError } from "../../../contracts/errors.ts";
import type { DataPlaneMetrics } from "../../metrics.ts";
import type { AiTarget } from "./ai-target.ts";

/** A hold-off that a provider asks for is believed up to this. */
const MAX_HOLD_OFF_MS = 60_000;

/**
 * What a failure says of the target: a request that is refused as wrong says that the target is alive. `isOnly`: its model
 * route has no other.
 */
export function judgeFailure(
  { breaker, breakerSettings, provider, target }: AiTarget,
  error: GatewayError,
  nowMs: number,
  isOnly: boolean,
  metrics: DataPlaneMetrics,
): void {
  const alive = error.code === "provider_error" && error.status < 500 && error.status !== 429 && error.status !== 408;
  metrics.attempted(provider.id, target.model, false);
  if (alive) breaker.succeeded();
  else if (error.source === "upstream") breaker.failed(nowMs, breakerSettings);
  else breaker.released();
  // A breaker that is turned off keeps no call away, not even for a while.
  if (alive || error.retryAfterMs === null || breakerSettings.failures === 0) return;
  // Without another target there is nothing to go to meanwhile: the provider's own answer says more than ours would.
  if (isOnly) return;
  breaker.holdOff(nowMs + Math.min(error.retryAfterMs, MAX_HOLD_OFF_MS));
}
