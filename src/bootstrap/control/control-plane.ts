import { randomBytes } from "node:crypto";
import type { FirstAdmin } from "../../contracts/messages.ts";
import type { ApplicationSnapshot } from "../../contracts/snapshot.ts";
import { SYSTEM } from "../../control-plane/access/actor.ts";
import { createAdminApp } from "../../control-plane/admin-api/app.ts";
import { providerHosts } from "../../control-plane/entities/provider-addresses.ts";
import type { ProviderKeyState } from "../../control-plane/entities/provider-key-states.ts";
import { referenceRules } from "../../control-plane/entities/reference-rules.ts";
import { createFirstUser } from "../../control-plane/entities/users.ts";
import { type Configured, Plane, type Touched } from "../../control-plane/plane.ts";
import { ProblemError } from "../../control-plane/problem.ts";
import type { Additions } from "../../control-plane/snapshot-source/additions.ts";
import { ChangeFeed } from "../../control-plane/snapshot-source/change-feed.ts";
import { DatabaseSource } from "../../control-plane/snapshot-source/source.ts";
import { type Database, openDatabase } from "../../control-plane/storage/database.ts";
import { hasPlainDocuments, sealStoredDocuments } from "../../control-plane/storage/sealed.ts";
import type { Gateway } from "../../control-plane/try-it/gateway.ts";
import { WebhookDeliverer } from "../../control-plane/webhooks/deliverer.ts";
import type { ProgramLogger } from "../../platform/logger.ts";
import { loadSealer } from "../../platform/seal.ts";
import type { SecretStore } from "../../platform/secrets/secret-store.ts";
import { homeAt } from "../home.ts";
import { createCallSearch } from "./call-search.ts";

export interface ControlPlaneOptions {
  configPath: string | null;
  homeDirectory: string;
  env: NodeJS.ProcessEnv;
  logger: ProgramLogger;
  secrets: SecretStore;
  gateway(): Gateway | null;
  /** What the file has of providers and models. */
  configured(): Configured;
  keyStates(): Promise<readonly ProviderKeyState[]>;
  /** All of the database is read, which keeps the process silent when that is much. `onChange` follows. */
  beforeReading(): Promise<void>;
  /** What gateways serve has changed: these applications alone, or anything (null). */
  onChange(applications: readonly string[] | null): void;
  onFirstAdmin(admin: FirstAdmin): void;
}

type AdminApp = ReturnType<typeof createAdminApp>;

interface Open {
  plane: Plane;
  source: DatabaseSource;
  feed: ChangeFeed;
  app: AdminApp;
}

/** Changes of one moment are compiled together. */
const DEBOUNCE_MS = 25;
const RETRY_MS = 1_000;
/** How soon changes made elsewhere are noticed. */
const FOLLOW_EVERY_MS = 250;
const PASSWORD_BYTES = 15;

/**
 * The part of the control plane that needs a database. While that can't be reached, the admin API says so, gateways go on with
 * what they have, and it is tried again.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  #open: Open | null = null;
  #touched: Touched[] = [];
  #timer: NodeJS.Timeout | null = null;
  #following = false;
  #isAway = false;
  /** One after the other: what was touched is read again as often as it takes. */
  #updating: Promise<void> = Promise.resolve();

  /**
   * With a configuration file, that file is all there is, unless `DATABASE_URL` names a database beside it: null. Without one,
   * SQLite in the data directory holds what the admin API makes. Resolves after the first attempt to reach the database.
   */
  static async open(options: ControlPlaneOptions): Promise<ControlPlane | null> {
    const { configPath, env } = options;
    if (configPath !== null && !env.DATABASE_URL) return null;
    const controlPlane = new ControlPlane(options);
    await controlPlane.#connect();
    return controlPlane;
  }

  private constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  /** Null: the database can't be reached, and never could since this process began. */
  get additions(): Additions | null {
    return this.#open?.source.additions ?? null;
  }

  /** Null: there is no such one that could be served. */
  application(id: string): ApplicationSnapshot | null {
    return this.#open?.source.application(id) ?? null;
  }

  /** Null: likewise. */
  get app(): AdminApp | null {
    return this.#open?.app ?? null;
  }

  async #connect(): Promise<void> {
    const { homeDirectory, env, logger, secrets, onFirstAdmin } = this.#options;
    let database: Database | null = null;
    try {
      const sealer = loadSealer(homeDirectory, env);
      database = await openDatabase({ url: env.DATABASE_URL, homeDirectory, logger });
      const plane = new Plane({
        database,
        sealer,
        logger,
        referenceRules: referenceRules(env),
        secrets,
        gateway: () => this.#options.gateway(),
        configured: () => this.#options.configured(),
        keyStates: () => this.#options.keyStates(),
        searchCalls: createCallSearch(homeAt(homeDirectory).callsDirectory),
        providerHosts: providerHosts(env),
      });
      await sealEarlierDocuments(plane);
      const source = new DatabaseSource(plane);
      const firstAdmin = await makeFirstAdmin(plane, env);
      if (firstAdmin !== null) onFirstAdmin(firstAdmin);
      const feed = await ChangeFeed.begin(plane.db);
      await this.#options.beforeReading();
      const readAt = performance.now();
      await source.load();
      logger.info({ readMs: Math.round(performance.now() - readAt) }, "configuration read from the database");
      plane.onTouched((touched) => {
        this.#touched.push(...touched);
        this.#schedule(DEBOUNCE_MS);
      });
      const deliverer = new WebhookDeliverer(plane);
      plane.onChanged(() => deliverer.look());
      this.#open = { plane, source, feed, app: createAdminApp(plane) };
      // SQLite is this process's own.
      if (database.kind === "postgres") setInterval(() => void this.#follow(), FOLLOW_EVERY_MS).unref();
    } catch (error) {
      // Each attempt opens another one.
      await database?.close().catch(() => {});
      logger.error({ error }, "the control plane can't start: gateways go on with what they have, trying again");
      setTimeout(() => void this.#reconnect(), RETRY_MS).unref();
      return;
    }
  }

  async #reconnect(): Promise<void> {
    await this.#connect();
    if (this.#open !== null) this.#options.onChange(null);
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#startUpdate();
    }, delayMs);
  }

  #startUpdate(): void {
    this.#updating = this.#updating.then(() => this.#update());
  }

  async #update(): Promise<void> {
    if (this.#open === null) return;
    const { plane, source } = this.#open;
    const touched = this.#touched;
    this.#touched = [];
    try {
      await source.update(touched);
    } catch (error) {
      plane.logger.error({ error }, "what was changed can't be read from the database: trying again");
      this.#touched = [...touched, ...this.#touched];
      this.#schedule(RETRY_MS);
      return;
    }
    const ofApplications = touched.every(({ kind }) => kind === "application");
    this.#options.onChange(ofApplications ? [...new Set(touched.map(({ id }) => id))] : null);
  }

  /** Takes over what control processes on other machines have changed. */
  async #follow(): Promise<void> {
    if (this.#open === null || this.#following) return;
    const { plane, source, feed } = this.#open;
    this.#following = true;
    try {
      const touched = await feed.read(plane.db);
      if (touched === "everything") {
        await this.#options.beforeReading();
        await source.load();
        this.#options.onChange(null);
      } else if (touched.length > 0) {
        this.#touched.push(...touched);
        this.#schedule(0);
      }
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) plane.logger.error({ error }, "the database can't be reached: gateways go on, trying again");
      this.#isAway = true;
    } finally {
      this.#following = false;
    }
  }
}

/** Documents with header values were not sealed by earlier versions. */
async function sealEarlierDocuments(plane: Plane): Promise<void> {
  if (!(await hasPlainDocuments(plane.db))) return;
  const sealed = await plane.change(SYSTEM, async (change) => {
    const count = await sealStoredDocuments(change, plane.sealer);
    const subject = { subjectType: "organisation", subjectId: "organisation", teamId: null };
    await change.audit({ action: "master_key.seal_documents", ...subject, before: null, after: { sealed: count } });
    return count;
  });
  plane.logger.info({ sealed }, "documents with header values are sealed now");
}

async function makeFirstAdmin(plane: Plane, env: NodeJS.ProcessEnv): Promise<FirstAdmin | null> {
  const email = env.TIDEGATE_ADMIN_EMAIL?.trim() || "admin@localhost";
  const given = env.TIDEGATE_ADMIN_PASSWORD;
  const password = given || randomBytes(PASSWORD_BYTES).toString("base64url");
  const made = await createFirstUser(plane, SYSTEM, email, password).catch((cause: unknown) => {
    throw cause instanceof ProblemError ? new Error(`TIDEGATE_ADMIN_PASSWORD: ${cause.message}`, { cause }) : cause;
  });
  // One that was given is known to whoever gave it.
  return made === null ? null : { email: made.email, password: given ? null : password };
}
