import type { Logger } from "../../contracts/logger.ts";
import type { PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, ServiceSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import type { ConfigurationState } from "../../control-plane/admin-api/readiness.ts";
import type { Configured } from "../../control-plane/plane.ts";
import { loadSealer, type Sealer } from "../../platform/seal.ts";
import type { SecretReader } from "../../platform/secrets/secret-store.ts";
import { loadConfiguration } from "../../snapshot/load.ts";
import { applicationMerger, mergeSnapshot } from "../../snapshot/merge.ts";
import { SnapshotPacker } from "../../snapshot/packed/packer.ts";
import { unpackServices } from "../../snapshot/packed/unpack.ts";
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
  /** One that the database adds; null: it adds no such one. */
  addedApplication(id: string): ApplicationSnapshot | null;
  /** Resolves references to secrets. */
  secrets: SecretReader;
  /** The highest version that others have seen. */
  versionFloor(): Promise<number>;
}

/** Holds the current snapshot: reads the configuration, and keeps what was good when the new one is not. */
export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #store: SnapshotStore;
  readonly #packer = new SnapshotPacker();
  #snapshot: PackedSnapshot | null = null;
  /** Whether `#packer` has packed what is served. */
  #isPacked = false;
  #services: readonly ServiceSnapshot[] | null = null;
  /** Compiled from the file alone. */
  #base: Snapshot | null = null;
  #mergeApplication: ReturnType<typeof applicationMerger> = () => null;
  #lastReload: ConfigurationState["lastReload"] = "ok";
  #lastReloadAtMs = Date.now();
  #problems: Problem[] = [];
  #leftOut = "";

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    const { homeDirectory, env } = options;
    let sealer: Sealer | null = null;
    this.#store = createSnapshotStore(homeDirectory, () => {
      sealer ??= loadSealer(homeDirectory, env);
      return sealer;
    });
  }

  get snapshot(): PackedSnapshot | null {
    return this.#snapshot;
  }

  /** Of the snapshot. */
  get services(): readonly ServiceSnapshot[] {
    if (this.#services === null && this.#snapshot !== null) this.#services = unpackServices(this.#snapshot);
    return this.#services ?? [];
  }

  /** What the file, or the environment in its place, has of providers, models and services. */
  get configured(): Configured {
    const { configPath } = this.#options;
    const source = configPath === null ? "the environment of Tidegate" : `the configuration file ${configPath}`;
    const { providers = [], models = [], services = [] } = this.#base ?? {};
    return { source, providers, models, services };
  }

  get state(): ConfigurationState {
    return {
      version: this.#snapshot?.head.version ?? null,
      hash: this.#snapshot?.head.hash ?? null,
      source: this.#options.configPath ?? "quickstart",
      lastReload: this.#lastReload,
      lastReloadAtMs: this.#lastReloadAtMs,
      problems: this.#problems.map((problem) => formatProblems([problem])),
    };
  }

  /** What was served last by this data directory; damage counts as nothing. Sealed with the first master key from then on. */
  async readCache(): Promise<void> {
    try {
      this.#snapshot = await this.#store.read();
    } catch (error) {
      this.#options.logger.warn({ error }, "the cached snapshot can't be read; compiling the configuration anew");
    }
    await this.#store.sealAgain().catch((error: unknown) => {
      this.#options.logger.error({ error }, "the cached snapshot can't be sealed with the new master key");
    });
  }

  /** Resolves to whether the configuration is good. A new version is given out only when the content is another one. */
  async reload(): Promise<boolean> {
    const { configPath, homeDirectory, env, secrets, logger } = this.#options;
    const version = this.#snapshot?.head.version ?? 0;
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
    this.#mergeApplication = applicationMerger(result.snapshot);
    await this.merge();
    return true;
  }

  /** What the database adds has changed. Nothing happens before the configuration was read, or when the content is the same. */
  async merge(): Promise<void> {
    if (this.#base === null) return;
    const beganAt = performance.now();
    const additions = await this.#options.additions();
    // What was served last has what the database added then: better than to serve without.
    if (additions === null && this.#snapshot !== null) return;
    const { snapshot: merged, leftOut } = mergeSnapshot(this.#base, additions ?? { services: [], applications: [] });
    this.#reportLeftOut(leftOut);
    const packed = this.#packer.pack(merged);
    this.#isPacked = true;
    if (packed.head.hash === this.#snapshot?.head.hash) return;
    this.#services = merged.services;
    await this.#adopt(packed, beganAt);
  }

  /**
   * Of what the database adds, these applications alone have changed, and none of them refers to secrets: nothing else is
   * looked at.
   */
  async mergeApplications(ids: readonly string[]): Promise<void> {
    if (this.#base === null || !this.#isPacked) return this.merge();
    const beganAt = performance.now();
    const changed = new Map<string, ApplicationSnapshot | null>();
    for (const id of ids) {
      const own = this.#mergeApplication(id, this.#options.addedApplication(id));
      if (own !== undefined) changed.set(id, own);
    }
    const packed = this.#packer.change(changed, 0, this.#base.compiledAtMs);
    if (packed.head.hash !== this.#snapshot?.head.hash) await this.#adopt(packed, beganAt);
  }

  /** The same again, with a higher version. */
  async renew(): Promise<void> {
    if (this.#snapshot !== null) await this.#adopt(this.#snapshot, performance.now());
  }

  /** One that was compiled elsewhere. */
  async take(snapshot: PackedSnapshot): Promise<void> {
    this.#snapshot = snapshot;
    this.#services = null;
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

  /** `beganAt`: `performance.now()`. */
  async #adopt(compiled: PackedSnapshot, beganAt: number): Promise<void> {
    const { logger, versionFloor } = this.#options;
    const compileMs = Math.round(performance.now() - beganAt);
    try {
      const version = Math.max(await this.#store.nextVersion(), (await versionFloor()) + 1);
      this.#snapshot = withVersion(compiled, version);
      await this.#store.write(this.#snapshot);
    } catch (error) {
      // A full disk must not keep a configuration from being served.
      if (this.#snapshot?.head.hash !== compiled.head.hash) {
        this.#snapshot = withVersion(compiled, (this.#snapshot?.head.version ?? 0) + 1);
      }
      logger.error({ error }, "the snapshot can't be cached on disk; a cold start would find an older one");
    }
    const { hash } = compiled.head;
    logger.info({ version: this.#snapshot?.head.version, hash, compileMs }, "configuration compiled");
  }
}

function withVersion({ head, chunks }: PackedSnapshot, version: number): PackedSnapshot {
  return { head: { ...head, version }, chunks };
}
