import type { Logger } from "../../contracts/logger.ts";
import { type SecretReference, type SecretSource, secretKey } from "../../contracts/secret-reference.ts";
import type { LastGood } from "./last-good.ts";
import { type Reading, SourceReader } from "./read-source.ts";
import type { Environment } from "./vault-options.ts";

export type Resolution = { ok: true; value: string } | { ok: false; message: string };

/** What resolves references. */
export interface SecretReader {
  /** In the order of the references. */
  resolve(references: readonly SecretReference[]): Promise<Resolution[]>;
}

export interface SecretReaders {
  /** For one who always asks for all that they need. */
  readerFor(holder: string): SecretReader;
}

export interface SecretStoreOptions {
  env: Environment;
  logger: Logger;
  /** How often secrets are read again, unless a lease of Vault is shorter. */
  refreshMs: number;
  lastGood: LastGood;
}

interface Kept {
  source: SecretSource;
  value: string;
  readAtMs: number;
  leaseMs: number | null;
  /** Why it could not be read the last time; null: it could. */
  failure: string | null;
}

/** After a failure, and where a lease is very short. */
const SHORTEST_WAIT_MS = 1_000;
const RETRY_MS = 5_000;
/** A lease is not waited for to the end. */
const READ_AGAIN_AFTER = 2 / 3;

/**
 * The secrets that references lead to, read by the control process and kept in its memory. One that can't be read any more keeps
 * the value that it had, and the log and the metrics say so.
 */
export class SecretStore implements SecretReaders {
  readonly #options: SecretStoreOptions;
  readonly #reader: SourceReader;
  readonly #kept = new Map<string, Kept>();
  /** Those that are wanted, and were never had. */
  readonly #missing = new Map<string, SecretSource>();
  /** What each of those who ask has asked for last: nothing else is read again. */
  readonly #wanted = new Map<string, ReadonlySet<string>>();
  readonly #listeners: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** One after the other: an older value must not come after a newer one. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: SecretStoreOptions) {
    this.#options = options;
    this.#reader = new SourceReader(options.env);
  }

  /** Called when a secret has become another one, or can be had at last. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** How many are kept although they could not be read again. */
  get stale(): number {
    return [...this.#kept.values()].filter(({ failure }) => failure !== null).length;
  }

  readerFor(holder: string): SecretReader {
    return { resolve: (references) => this.#resolve(holder, references) };
  }

  /** Those that are known are given as they are; `refresh` looks for new ones. */
  #resolve(holder: string, references: readonly SecretReference[]): Promise<Resolution[]> {
    return this.#inTurn(async () => {
      this.#wanted.set(holder, new Set(references.map(secretKey)));
      this.#forgetUnwanted();
      const unknown = new Map<string, SecretSource>();
      for (const reference of references) {
        const key = secretKey(reference);
        if (!this.#kept.has(key)) unknown.set(key, reference);
      }
      const failures = await this.#read(unknown);
      this.#schedule();
      return references.map((reference): Resolution => {
        const key = secretKey(reference);
        const kept = this.#kept.get(key);
        if (kept === undefined) return { ok: false, message: failures.get(key) ?? "it was not read" };
        return { ok: true, value: (reference.prefix ?? "") + kept.value };
      });
    });
  }

  /** Reads all of them again. Resolves to whether one has become another. */
  refresh(): Promise<boolean> {
    return this.#inTurn(async () => {
      const before = new Map([...this.#kept].map(([key, { value }]) => [key, value]));
      const kept = [...this.#kept].map(([key, { source }]) => [key, source] as const);
      await this.#read(new Map([...kept, ...this.#missing]));
      this.#schedule();
      return [...this.#kept].some(([key, { value }]) => before.get(key) !== value);
    });
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #forgetUnwanted(): void {
    const wanted = [...this.#wanted.values()];
    for (const known of [this.#kept, this.#missing]) {
      for (const key of known.keys()) if (!wanted.some((keys) => keys.has(key))) known.delete(key);
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#reading.then(work);
    this.#reading = turn.catch(() => {});
    return turn;
  }

  /** Resolves to why those that are not known could not be read. */
  async #read(sources: ReadonlyMap<string, SecretSource>): Promise<Map<string, string>> {
    const failures = new Map<string, string>();
    if (sources.size === 0) return failures;
    const readings = await this.#reader.read([...sources.values()]);
    const isMissing = ([key]: [string, SecretSource], index: number) => !readings[index]?.ok && !this.#kept.has(key);
    const earlier = [...sources].some(isMissing) ? await this.#options.lastGood.read() : new Map<string, string>();
    let hasChanged = false;
    for (const [index, [key, source]] of [...sources].entries()) {
      const reading = readings[index];
      if (reading === undefined) continue;
      if (reading.ok) hasChanged = this.#keep(key, source, reading) || hasChanged;
      else if (!this.#keepEarlier(key, source, reading.message, earlier.get(key))) {
        failures.set(key, reading.message);
        this.#missing.set(key, source);
      }
    }
    for (const key of this.#kept.keys()) this.#missing.delete(key);
    if (hasChanged) await this.#remember();
    return failures;
  }

  /** True: it is another one than before. */
  #keep(key: string, source: SecretSource, { value, leaseMs }: Extract<Reading, { ok: true }>): boolean {
    const before = this.#kept.get(key);
    if (before !== undefined && before.failure !== null) {
      this.#options.logger.info({ secret: key }, "a secret can be read again");
    }
    this.#kept.set(key, { source, value, readAtMs: Date.now(), leaseMs, failure: null });
    return before?.value !== value;
  }

  /** Once for each new reason in the log, not with every attempt. */
  #keepEarlier(key: string, source: SecretSource, message: string, earlier: string | undefined): boolean {
    const before = this.#kept.get(key);
    const value = before?.value ?? earlier;
    if (value === undefined) return false;
    if (before?.failure !== message) {
      this.#options.logger.warn({ secret: key, reason: message }, "a secret can't be read: its last value is used on");
    }
    const { readAtMs = 0, leaseMs = null } = before ?? {};
    this.#kept.set(key, { source, value, readAtMs, leaseMs, failure: message });
    return true;
  }

  /** What is on this machine needs no copy. */
  async #remember(): Promise<void> {
    const ofVault = [...this.#kept].filter(([, { source }]) => "vault" in source);
    if (ofVault.length === 0) return;
    await this.#options.lastGood
      .write(new Map(ofVault.map(([key, { value }]) => [key, value])))
      .catch((error: unknown) => {
        this.#options.logger.warn({ error }, "secrets can't be kept for a start without Vault");
      });
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#kept.size === 0 && this.#missing.size === 0) return;
    this.#timer = setTimeout(() => void this.#refreshAndTell(), this.#waitMs());
    this.#timer.unref();
  }

  #waitMs(): number {
    const { refreshMs } = this.#options;
    const waits = [...this.#kept.values()].map(({ leaseMs, failure }) => {
      if (failure !== null) return RETRY_MS;
      return leaseMs === null ? refreshMs : leaseMs * READ_AGAIN_AFTER;
    });
    if (this.#missing.size > 0) waits.push(RETRY_MS);
    return Math.max(SHORTEST_WAIT_MS, Math.min(refreshMs, ...waits));
  }

  async #refreshAndTell(): Promise<void> {
    if (await this.refresh()) for (const listener of this.#listeners) listener();
  }
}
