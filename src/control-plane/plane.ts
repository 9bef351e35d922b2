import { sql, type Transaction } from "kysely";
import type { CallSearch } from "../contracts/call-query.ts";
import type { Logger } from "../contracts/logger.ts";
import type { ModelRouteSnapshot, ProviderSnapshot, ServiceSnapshot } from "../contracts/snapshot.ts";
import { createLinter, type Linter } from "../governance/linting/lint-openapi.ts";
import type { Sealer } from "../platform/seal.ts";
import type { SecretReaders } from "../platform/secrets/secret-store.ts";
import type { Actor } from "./access/actor.ts";
import { PASSWORD_COST, type PasswordCost } from "./access/passwords.ts";
import { SignInThrottle } from "./access/throttle.ts";
import { type AuditEntry, audit } from "./entities/audit.ts";
import type { ProviderKeyState } from "./entities/provider-key-states.ts";
import { NO_REFERENCES, type ReferenceRules } from "./entities/reference-rules.ts";
import { RelyingParty } from "./oidc/relying-party.ts";
import { KEEP_CHANGES_MS } from "./snapshot-source/change-feed.ts";
import type { Connection, Database } from "./storage/database.ts";
import { SealedColumns } from "./storage/sealed-columns.ts";
import type { Tables } from "./storage/tables.ts";
import type { Gateway } from "./try-it/gateway.ts";
import { enqueue } from "./webhooks/events.ts";

/** One change: all of it is kept, with its audit entries, or nothing is. */
export interface Change {
  readonly trx: Transaction<Tables>;
  readonly actor: Actor;
  readonly nowMs: number;
  audit(entry: AuditEntry): Promise<void>;
  /** What gateways serve has changed with it. */
  touch(subject: Touched): void;
}

/** Of the organisation: its policies, token issuers, providers or models. */
export type Touched = { kind: "service" | "application" | "team" | "organisation"; id: string };

/** What the configuration file, or the environment in its place, has of providers, models and services. */
export interface Configured {
  /** For people, e.g. the path of the file. */
  source: string;
  providers: readonly ProviderSnapshot[];
  models: readonly ModelRouteSnapshot[];
  services: readonly Pick<ServiceSnapshot, "id">[];
}

export interface PlaneOptions {
  database: Database;
  sealer: Sealer;
  logger: Logger;
  nowMs?: () => number;
  /** Judges OpenAPI documents, in a thread that starts with the first one. */
  linter?: Linter;
  /** Where references to secrets may lead; absent: nowhere. */
  referenceRules?: ReferenceRules;
  /** Resolves them; absent: none. */
  secrets?: SecretReaders;
  /** Where calls are tried; null: nowhere. */
  gateway?: () => Gateway | null;
  /** Absent: nothing. */
  configured?: () => Configured;
  /** How keys of providers do; absent: there are no gateway workers to ask. */
  keyStates?: () => Promise<readonly ProviderKeyState[]>;
  /** Absent: there are no calls here. */
  searchCalls?: CallSearch;
  /** Hosts where providers may be called without TLS: see provider-addresses.ts. */
  providerHosts?: readonly string[];
  /** Absent: PASSWORD_COST. */
  passwordCost?: PasswordCost;
}

const NO_SECRETS: SecretReaders = {
  readerFor: () => ({
    resolve: async (references) => references.map(() => ({ ok: false, message: "references are not resolved here" })),
  }),
};

const NOTHING_CONFIGURED: Configured = { source: "the configuration", providers: [], models: [], services: [] };

/** Any number: it only has to be the same for all who write. */
const WRITER_LOCK = 7_361_402;

/** The control plane's own state, and the one way to change it. */
export class Plane {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly linter: Linter;
  readonly referenceRules: ReferenceRules;
  readonly gateway: () => Gateway | null;
  readonly configured: () => Configured;
  readonly keyStates: () => Promise<readonly ProviderKeyState[]>;
  readonly searchCalls: CallSearch;
  readonly providerHosts: readonly string[];
  readonly passwordCost: PasswordCost;
  readonly secrets: SecretReaders;
  /** Of this process: passwords are guessed at one place or another, and counted there. */
  readonly throttle = new SignInThrottle();
  /** Speaks to identity providers, and remembers what they said of themselves. */
  readonly relyingParty: RelyingParty;
  readonly #touchListeners: ((touched: readonly Touched[]) => void)[] = [];
  readonly #changeListeners: (() => void)[] = [];

  constructor(options: PlaneOptions) {
    const { database, sealer, logger, nowMs = Date.now, linter = createLinter() } = options;
    this.database = { ...database, db: database.db.withPlugin(new SealedColumns(sealer)) };
    this.sealer = sealer;
    this.logger = logger;
    this.nowMs = nowMs;
    this.linter = linter;
    this.gateway = options.gateway ?? (() => null);
    this.configured = options.configured ?? (() => NOTHING_CONFIGURED);
    this.keyStates = options.keyStates ?? (async () => []);
    this.searchCalls = options.searchCalls ?? (async () => []);
    this.providerHosts = options.providerHosts ?? [];
    this.passwordCost = options.passwordCost ?? PASSWORD_COST;
    this.secrets = options.secrets ?? NO_SECRETS;
    this.referenceRules = options.referenceRules ?? NO_REFERENCES;
    this.relyingParty = new RelyingParty({ sealer, nowMs, secrets: this.secrets });
  }

  get db(): Connection {
    return this.database.db;
  }

  /** Called after a change that gateways have to hear of; what it came to is in the database. */
  onTouched(listener: (touched: readonly Touched[]) => void): void {
    this.#touchListeners.push(listener);
  }

  /** Called after every change that was kept. */
  onChanged(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  /**
   * One at a time, from the first read to the commit: what a change was decided on still holds when it is kept (revisions, the
   * last owner, routes of others), and each audit entry needs the hash of the one before. SQLite has one writer anyway.
   */
  async change<Result>(actor: Actor, work: (change: Change) => Promise<Result>): Promise<Result> {
    const touched: Touched[] = [];
    const nowMs = this.nowMs();
    try {
      const result = await this.database.db.transaction().execute(async (trx) => {
        if (this.database.kind === "postgres") await sql`select pg_advisory_xact_lock(${WRITER_LOCK})`.execute(trx);
        const done = await work({
          trx,
          actor,
          nowMs,
          audit: async (entry) => {
            await audit(trx, actor, entry, nowMs);
            await enqueue(trx, actor, entry, nowMs);
          },
          touch: (subject) => touched.push(subject),
        });
        if (touched.length > 0) await noteChanges(trx, touched, nowMs);
        return done;
      });
      for (const listener of this.#changeListeners) listener();
      return result;
    } finally {
      // Also after a failure: a connection that breaks during the commit leaves open whether the change was kept.
      if (touched.length > 0) for (const listener of this.#touchListeners) listener(touched);
    }
  }
}

async function noteChanges(trx: Transaction<Tables>, touched: readonly Touched[], nowMs: number): Promise<void> {
  await trx
    .deleteFrom("changes")
    .where("at", "<", nowMs - KEEP_CHANGES_MS)
    .execute();
  const rows = touched.map(({ kind, id }) => ({ kind, subject_id: id, at: nowMs }));
  await trx.insertInto("changes").values(rows).execute();
}
