import type { Logger } from "../../contracts/logger.ts";
import type { Snapshot } from "../../contracts/snapshot.ts";
import type { ConfigurationState } from "../../control-plane/admin-api/readiness.ts";
import type { SecretReader } from "../../platform/secrets/secret-store.ts";
import { loadConfiguration } from "../../snapshot/load.ts";
import { mergeSnapshot } from "../../snapshot/merge.ts";
import { formatProblems, type Problem } from "../../snapshot/problems/problem.ts";
import { createSnapshotStore, type SnapshotStore } from "../../snapshot/store.ts";

export interface ConfigurationOptions {
  /** null: the quickstart configuration. */
  configPath: string | null;
  homeDirectory: string;
  env: NodeJS.ProcessEnv;
  logger: Logger;
  /** What the database adds; null: not known, since it can't be reached. */
  additions(): Promise<Parameters<typeof mergeSnapshot>[1] | null>;
  /** Resolves references to secrets. */
  secrets: SecretReader;
  /** The highest version that others have seen. */
  versionFloor(): Promise<number>;
}

/** Holds the current snapshot: reads the configuration, and keeps what was good when the new one is not. */
export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #store: SnapshotStore;
  #snapshot: Snapshot | null = null;
  /** Compiled from the file alone. */
  #base: Snapshot | null = null;
  #lastReload: ConfigurationState["lastReload"] = "ok";
  #lastReloadAtMs = Date.now();
  #problems: Problem[] = [];
  #leftOut = "";

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    this.#store = createSnapshotStore(options.homeDirectory);
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  get state(): ConfigurationState {
    return {
      version: this.#snapshot?.version ?? null,
      hash: this.#snapshot?.hash ?? null,
      source: this.#options.configPath ?? "quickstart",
      lastReload: this.#lastReload,
      lastReloadAtMs: this.#lastReloadAtMs,
      problems: this.#problems.map((problem) => formatProblems([problem])),
    };
  }

  /** What was served last by this data directory; damage counts as nothing. */
  async readCache(): Promise<void> {
    try {
      this.#snapshot = await this.#store.read();
    } catch (error) {
      this.#options.logger.warn({ error }, "the cached snapshot can't be read; compiling the configuration anew");
    }
  }

  /** Resolves to whether the configuration is good. A new version is given out only when the content is another one. */
  async reload(): Promise<boolean> {
    const { configPath, homeDirectory, env, secrets, logger } = this.#options;
    const version = this.#snapshot?.version ?? 0;
    const result = await loadConfiguration({ configPath, home: homeDirectory, env, version, secrets });
    this.#lastReloadAtMs = Date.now();
    this.#lastReload = result.ok ? "ok" : "failed";
    this.#problems = result.ok ? [] : result.problems;
    if (!result.ok) {
      const problems = formatProblems(result.problems);
      logger.warn({ source: configPath, problems }, "the configuration is bad; what was served before stays");
      return false;
    }
    for (const warning of result.warnings) logger.warn({ problem: formatProblems([warning]) }, "configuration");
    this.#base = result.snapshot;
    await this.merge();
    return true;
  }

  /** What the database adds has changed. Nothing happens before the configuration was read, or when the content is the same. */
  async merge(): Promise<void> {
    if (this.#base === null) return;
    const additions = await this.#options.additions();
    // What was served last has what the database added then: better than to serve without.
    if (additions === null && this.#snapshot !== null) return;
    const { snapshot: merged, leftOut } = mergeSnapshot(this.#base, additions ?? { services: [], applications: [] });
    this.#reportLeftOut(leftOut);
    if (merged.hash !== this.#snapshot?.hash) await this.#adopt(merged);
  }

  /** The same again, with a higher version. */
  async renew(): Promise<void> {
    if (this.#snapshot !== null) await this.#adopt(this.#snapshot);
  }

  /** One that was compiled elsewhere. */
  async take(snapshot: Snapshot): Promise<void> {
    this.#snapshot = snapshot;
    this.#lastReload = "ok";
    this.#lastReloadAtMs = Date.now();
    await this.#store.write(snapshot).catch((error: unknown) => {
      this.#options.logger.error(
        { error },
        "the snapshot can't be cached on disk; a cold start would find an older one",
      );
    });
  }

  /** Once, not with every change of anything. */
  #reportLeftOut(leftOut: readonly string[]): void {
    const reasons = leftOut.join("; ");
    if (reasons !== "" && reasons !== this.#leftOut) {
      this.#options.logger.warn({ leftOut }, "some of what is in the database is not served: the configuration has it");
    }
    this.#leftOut = reasons;
  }

  async #adopt(compiled: Snapshot): Promise<void> {
    const { logger, versionFloor } = this.#options;
    try {
      const version = Math.max(await this.#store.nextVersion(), (await versionFloor()) + 1);
      const snapshot = { ...compiled, version };
      this.#snapshot = snapshot;
      await this.#store.write(snapshot);
    } catch (error) {
      // A full disk must not keep a configuration from being served.
      if (this.#snapshot?.hash !== compiled.hash) {
        this.#snapshot = { ...compiled, version: (this.#snapshot?.version ?? 0) + 1 };
      }
      logger.error({ error }, "the snapshot can't be cached on disk; a cold start would find an older one");
    }
    logger.info({ version: this.#snapshot?.version, hash: compiled.hash }, "configuration compiled");
  }
}
