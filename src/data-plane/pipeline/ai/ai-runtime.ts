import type { PriceBook } from "../../../providers/prices.ts";
import type { KeyPool } from "../../provider-keys/key-pool.ts";
import type { TokenStore } from "../../provider-keys/token-store.ts";
import type { Runtime } from "../runtime.ts";
import type { TargetLoad } from "./ai-target.ts";
import type { ObjectIds } from "./stored/object-ids.ts";

/** What the unified API keeps across snapshots, besides what every call needs. */
export interface AiRuntime extends Runtime {
  prices: PriceBook;
  /** Of what providers keep for applications. */
  objectIds: ObjectIds;
  /** By provider and model, joined by a space. */
  loads: Map<string, TargetLoad>;
  /** The keys of the newest snapshot's providers. */
  keyPools: ReadonlyMap<string, KeyPool>;
  /** Tokens that are sent in the place of keys. */
  providerTokens: TokenStore;
}

/** What targets are compiled with. */
export interface TargetRuntime
  extends Pick<
    AiRuntime,
    "prices" | "loads" | "breakers" | "targetNumbers" | "keyPools" | "providerTokens" | "limits" | "logger"
  > {
  dispatchers: Pick<Runtime["dispatchers"], "get">;
}
