import type { Actor } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { found, isoTime, require } from "./rows.ts";

/** How a provider's key does, as the gateway workers of this machine know it: each by itself. */
export interface ProviderKeyState {
  provider: string;
  key: string;
  /** How many of them have it in which state; out: the provider has refused it, be it for one model. */
  workers: Readonly<Record<KeyStateName, number>>;
  /** Unix time, milliseconds, at which it is tried again where it is out; 0: it is out nowhere. */
  triedAgainAtMs: number;
  /** Calls that the provider has refused for the key, by its status; 0: there was no token. */
  refusals: Readonly<Record<string, number>>;
}

export const KEY_STATE_NAMES = ["ready", "out", "limited", "expired"] as const;
export type KeyStateName = (typeof KEY_STATE_NAMES)[number];

export interface KeyStateView {
  key: string;
  /** `mixed`: not the same in all workers. */
  state: KeyStateName | "mixed";
  workers: ProviderKeyState["workers"];
  tried_again_at: string | null;
  refusals: Readonly<Record<string, number>>;
}

/** Of the keys of a provider that is served here, of the file or of the database. Nothing where no gateway worker is. */
export async function listKeyStates(plane: Plane, actor: Actor, provider: string): Promise<KeyStateView[]> {
  require(actor, "provider.read", null);
  const row = await plane.db.selectFrom("providers").select("id").where("id", "=", provider).executeTakeFirst();
  if (row === undefined) found(plane.configured().providers.find(({ id }) => id === provider));
  const states = await plane.keyStates();
  return states.filter((state) => state.provider === provider).map(viewOf);
}

function viewOf({ key, workers, triedAgainAtMs, refusals }: ProviderKeyState): KeyStateView {
  const there = KEY_STATE_NAMES.filter((name) => workers[name] > 0);
  const [only = "ready"] = there;
  return {
    key,
    state: there.length > 1 ? "mixed" : only,
    workers,
    tried_again_at: triedAgainAtMs === 0 ? null : isoTime(triedAgainAtMs),
    refusals,
  };
}
