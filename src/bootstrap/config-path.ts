import { stat } from "node:fs/promises";
import { resolve } from "node:path";

/** `--config`, `TIDEGATE_CONFIG`, `./tidegate.yaml` if it is there; null: quickstart. Absolute. */
export async function resolveConfigPath(given: string | null, env: NodeJS.ProcessEnv): Promise<string | null> {
  if (given !== null) return resolve(given);
  if (env.TIDEGATE_CONFIG) return resolve(env.TIDEGATE_CONFIG);
  const usual = resolve("tidegate.yaml");
  const isThere = await stat(usual).then(
    (found) => found.isFile(),
    () => false,
  );
  return isThere ? usual : null;
}
