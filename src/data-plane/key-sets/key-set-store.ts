import { Agent } from "undici";
import type { Logger } from "../../contracts/logger.ts";
import type { JwtIssuerSnapshot } from "../../contracts/snapshot.ts";
import { fetchKeySet, KEY_SET_TIMEOUT_MS } from "./fetch-key-set.ts";
import { KeySet } from "./key-set.ts";

/** The key sets of one worker, by URL: they outlive snapshots, so that a new one need not wait for keys that are here. */
export class KeySetStore {
  readonly #logger: Pick<Logger, "warn">;
  readonly #sets = new Map<string, KeySet>();
  #agent: Agent | null = null;

  constructor(logger: Pick<Logger, "warn">) {
    this.#logger = logger;
  }

  /** Begins to fetch a set that is not here yet. */
  obtain(url: string, refreshMs: number): KeySet {
    let set = this.#sets.get(url);
    if (set === undefined) {
      set = this.#create(url, refreshMs);
      this.#sets.set(url, set);
    }
    set.refreshMs = refreshMs;
    return set;
  }

  /** Forgets what none of these needs: of a snapshot that holds by now. */
  keepOnly(issuers: readonly JwtIssuerSnapshot[]): void {
    const wanted = new Set(issuers.map(({ keys }) => (keys.source === "url" ? keys.url : null)));
    for (const [url, set] of this.#sets) {
      if (wanted.has(url)) continue;
      set.stop();
      this.#sets.delete(url);
    }
  }

  async close(): Promise<void> {
    for (const set of this.#sets.values()) set.stop();
    this.#sets.clear();
    await this.#agent?.destroy();
  }

  #create(url: string, refreshMs: number): KeySet {
    this.#agent ??= new Agent({ connect: { timeout: KEY_SET_TIMEOUT_MS }, connections: 2 });
    const agent = this.#agent;
    const { origin, pathname } = new URL(url);
    return new KeySet(
      () => fetchKeySet(url, agent),
      refreshMs,
      (error, hasKeys) => {
        const message = hasKeys
          ? "the keys of a JWT issuer can't be fetched: those fetched before go on"
          : "the keys of a JWT issuer can't be fetched: its tokens can't be verified";
        // Without the query, which may hold a secret.
        this.#logger.warn({ err: error, url: origin + pathname }, message);
      },
    );
  }
}
