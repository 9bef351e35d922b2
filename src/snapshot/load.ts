import { dirname, resolve } from "node:path";
import type { Snapshot } from "../contracts/snapshot.ts";
import type { SecretReader } from "../platform/secrets/secret-store.ts";
import { CATALOGUE } from "../providers/catalogue.ts";
import { compileSnapshot } from "./compile/index.ts";
import type { Problem } from "./problems/problem.ts";
import type { Environment } from "./sources/environment.ts";
import { readConfigurationFile } from "./sources/file.ts";
import { environmentProblem, type Quickstart, quickstartConfiguration, quickstartKey } from "./sources/quickstart.ts";
import type { Validation } from "./validate.ts";

export interface LoadOptions {
  /** null: the quickstart configuration. */
  configPath: string | null;
  /** The data directory. */
  home: string;
  env: Environment;
  version: number;
  /** Resolves references to secrets; absent: Vault is not asked, and what is loaded is not to be served. */
  secrets?: SecretReader;
}

export type LoadResult =
  | { ok: true; snapshot: Snapshot; warnings: Problem[]; quickstart: Quickstart | null }
  | { ok: false; problems: Problem[] };

/** Reads, checks and compiles a configuration. Reports every problem at once. */
export async function loadConfiguration(options: LoadOptions): Promise<LoadResult> {
  const { configPath, env, version } = options;
  const { validation, quickstart } =
    configPath === null
      ? await quickstartSource(options.home, env)
      : { validation: await readConfigurationFile(configPath, env, CATALOGUE, options.secrets), quickstart: null };

  const problems = [...validation.problems];
  const port = defaultPort(env);
  if (port === null) problems.push(environmentProblem("TIDEGATE_PORT", "expected a port from 0 to 65535"));
  if (validation.configuration === null || port === null) return { ok: false, problems };

  const snapshot = compileSnapshot(validation.configuration, {
    version,
    compiledAtMs: Date.now(),
    catalogue: CATALOGUE,
    baseDirectory: configPath === null ? process.cwd() : dirname(resolve(configPath)),
    defaultAddress: { host: "0.0.0.0", port },
  });
  return { ok: true, snapshot, warnings: validation.warnings, quickstart };
}

async function quickstartSource(
  home: string,
  env: Environment,
): Promise<{ validation: Validation; quickstart: Quickstart | null }> {
  try {
    const quickstart = await quickstartKey(home);
    return { validation: quickstartConfiguration(quickstart.key, env, CATALOGUE), quickstart };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problem = { file: home, line: 0, column: 0, path: "", message, sourceLine: null };
    return { validation: { configuration: null, problems: [problem], warnings: [] }, quickstart: null };
  }
}

const DEFAULT_PORT = 8080;

function defaultPort(env: Environment): number | null {
  const text = env.TIDEGATE_PORT;
  if (text === undefined || text === "") return DEFAULT_PORT;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : null;
}
