import type { Logger } from "../../contracts/logger.ts";
import { loadSealer } from "../../platform/seal.ts";
import { LastGood } from "../../platform/secrets/last-good.ts";
import { SecretStore } from "../../platform/secrets/secret-store.ts";
import { parseDuration } from "../../snapshot/schema/scalars.ts";

const DEFAULT_REFRESH_MS = 5 * 60_000;

/** `TIDEGATE_SECRETS_REFRESH`: how often secrets behind references are read again. */
export function secretStore(env: NodeJS.ProcessEnv, homeDirectory: string, logger: Logger): SecretStore {
  const text = env.TIDEGATE_SECRETS_REFRESH;
  const given = text ? durationOf(text) : DEFAULT_REFRESH_MS;
  if (given === null) {
    logger.warn({}, "TIDEGATE_SECRETS_REFRESH: expected a duration such as 30s or 5m, above 0; it is 5m now");
  }
  const lastGood = new LastGood(homeDirectory, () => loadSealer(homeDirectory, env));
  return new SecretStore({ env, logger, refreshMs: given ?? DEFAULT_REFRESH_MS, lastGood });
}

function durationOf(text: string): number | null {
  try {
    return parseDuration(text) || null;
  } catch {
    return null;
  }
}
