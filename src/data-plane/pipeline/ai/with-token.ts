import type { GatewayError } from "../../../contracts/errors.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import { type KeyedTarget, noToken } from "./key-refusal.ts";

/**
 * Calls back with the token that is to be sent in the place of the key; null: the key itself, or none, is. At once where it
 * is there, and in a later turn, when the caller may have left, where it has to be fetched. With an error where none can be had.
 */
export function withToken(
  target: KeyedTarget,
  key: ProviderKey | null,
  nowMs: number,
  done: (token: string | null, error: GatewayError | null) => void,
): void {
  const token = key?.tokens?.current(nowMs) ?? null;
  if (key === null || key.tokens === null || token !== null) {
    done(token, null);
    return;
  }
  key.tokens.wait(nowMs, (outcome) => {
    if (typeof outcome === "string") done(outcome, null);
    else done(null, noToken(target, key, outcome));
  });
}
