import { Agent } from "undici";
import type { Logger } from "../../contracts/logger.ts";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import type { TokenCredential } from "../../providers/signing/token-request.ts";
import { fetchToken, TOKEN_TIMEOUT_MS } from "./fetch-token.ts";
import { TokenSource } from "./token-source.ts";

/** The tokens of one worker, by what they are fetched for: they outlive snapshots. */
export class TokenStore {
  readonly #logger: Pick<Logger, "warn">;
  readonly #sources = new Map<string, TokenSource>();
  #agent: Agent | null = null;

  constructor(logger: Pick<Logger, "warn">) {
    this.#logger = logger;
  }

  obtain(credential: TokenCredential, provider: string, key: string): TokenSource {
    const name = JSON.stringify(credential);
    let source = this.#sources.get(name);
    if (source === undefined) {
      this.#agent ??= new Agent({ connect: { timeout: TOKEN_TIMEOUT_MS }, connections: 4 });
      const agent = this.#agent;
      source = new TokenSource(
        () => fetchToken(credential, agent),
        ({ message, detail }) => {
          const { host } = new URL(credential.tokenUrl);
          this.#logger.warn(
            { provider, key, host, reason: message, detail },
            "no token can be had for a provider's key",
          );
        },
      );
      this.#sources.set(name, source);
    }
    return source;
  }

  /** Forgets what none of these needs. */
  keepOnly(providers: readonly ProviderSnapshot[]): void {
    if (this.#sources.size === 0) return;
    const wanted = new Set(providers.flatMap(({ keys }) => keys.map(({ credential }) => JSON.stringify(credential))));
    for (const [name, source] of this.#sources) {
      if (wanted.has(name)) continue;
      source.stop();
      this.#sources.delete(name);
    }
  }

  async close(): Promise<void> {
    for (const source of this.#sources.values()) source.stop();
    this.#sources.clear();
    await this.#agent?.destroy();
  }
}
