import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const READ_AGAIN_MS = 1_000;
const PREFIX = "sealed1";

/** How every sealed text begins. */
export const SEALED_PREFIX = `${PREFIX}.`;

export const MASTER_KEY_FILE = "master.key";

/** A secret can't be opened: the key is another one, or the text was altered. Never holds the secret. */
export class SealError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SealError";
  }
}

/**
 * Seals secrets that are kept in the database: AES-256-GCM (NIST SP 800-38D) under the master key. `purpose` is bound to the
 * text: what was sealed for one place can't be used in another.
 */
export class Sealer {
  #keys: ReadonlyMap<string, Buffer> = new Map();
  #current = "";
  readonly #readAgain: (() => readonly Buffer[]) | null;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /**
   * The first key seals; the others open what was sealed with them before. `readAgain` is asked for the keys of now when something
   * was sealed with none of these: they were changed while this process runs.
   */
  constructor(keys: readonly Buffer[], readAgain: (() => readonly Buffer[]) | null = null) {
    this.#readAgain = readAgain;
    this.#use(keys);
  }

  #use(keys: readonly Buffer[]): void {
    const byId = keys.map((key) => [keyId(key), key] as const);
    const [current] = byId;
    if (current === undefined || keys.some((key) => key.length !== KEY_BYTES)) {
      throw new SealError(`a master key has ${KEY_BYTES} bytes`);
    }
    this.#keys = new Map(byId);
    this.#current = current[0];
  }

  seal(secret: string, purpose: string): string {
    return `${PREFIX}.${this.#current}.${this.#encrypt(Buffer.from(secret), purpose).toString("base64url")}`;
  }

  /** The same for bytes, to be opened by `openBytes`. */
  sealBytes(secret: Uint8Array, purpose: string): Buffer {
    return Buffer.concat([Buffer.from(`${PREFIX}.${this.#current}.`), this.#encrypt(secret, purpose)]);
  }

  open(text: string, purpose: string): string {
    const [prefix, id, data, ...more] = text.split(".");
    if (prefix !== PREFIX || id === undefined || data === undefined || more.length > 0) {
      throw new SealError("this is no sealed secret");
    }
    return this.#decrypt(id, Buffer.from(data, "base64url"), purpose).toString("utf8");
  }

  openBytes(sealed: Buffer, purpose: string): Buffer {
    const idAt = SEALED_PREFIX.length;
    const dataAt = sealed.indexOf(".", idAt) + 1;
    if (dataAt === 0 || sealed.toString("latin1", 0, idAt) !== SEALED_PREFIX) {
      throw new SealError("these are no sealed bytes");
    }
    return this.#decrypt(sealed.toString("latin1", idAt, dataAt - 1), sealed.subarray(dataAt), purpose);
  }

  #encrypt(secret: Uint8Array, purpose: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key(this.#current), iv);
    cipher.setAAD(Buffer.from(purpose));
    return Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  }

  #decrypt(id: string, bytes: Buffer, purpose: string): Buffer {
    if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealError("the sealed secret is cut short");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key(id), bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      if (cause instanceof SealError) throw cause;
      throw new SealError("the sealed secret was altered, or belongs elsewhere", { cause });
    }
  }

  /** Of the key that seals. */
  get keyId(): string {
    return this.#current;
  }

  /** Whether it was sealed with a key that is no longer the first: seal it again. */
  isOutdated(text: string): boolean {
    return keyIdOf(text) !== this.#current;
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id) ?? this.#keyOfNow(id);
    if (key !== undefined) return key;
    throw new SealError(`the master key ${id} is missing: it sealed this secret`);
  }

  /** There may be many such texts, whose key is gone: the keys are not read for each of them. */
  #keyOfNow(id: string): Buffer | undefined {
    const nowMs = performance.now();
    if (this.#readAgain === null || nowMs - this.#readAtMs < READ_AGAIN_MS) return undefined;
    this.#readAtMs = nowMs;
    try {
      this.#use(this.#readAgain());
    } catch {
      // What could be opened before still can.
    }
    return this.#keys.get(id);
  }
}

/** Of the key that a sealed text was sealed with. */
export function keyIdOf(sealed: string): string {
  return sealed.split(".")[1] ?? "";
}

/** Tells keys apart without telling anything of them. */
export function keyId(key: Buffer): string {
  return createHash("sha256").update("tidegate master key").update(key).digest("hex").slice(0, 8);
}

export interface MasterKeys {
  /** The first one seals, all open. */
  keys: Buffer[];
  /** Null: they are in `TIDEGATE_MASTER_KEY`. */
  file: string | null;
}

/**
 * The master keys: `TIDEGATE_MASTER_KEY` (base64 or hex of 32 bytes; several, separated by commas, the first one seals), or
 * `master.key` in the data directory, which is made when there is none. Keep a copy of it: without it, sealed secrets are lost.
 */
export function loadMasterKeys(homeDirectory: string, env: NodeJS.ProcessEnv): MasterKeys {
  const given = env.TIDEGATE_MASTER_KEY?.trim();
  if (given) return { keys: parseKeys(given, "TIDEGATE_MASTER_KEY"), file: null };
  const file = join(homeDirectory, MASTER_KEY_FILE);
  if (!existsSync(file)) makeKeyFile(file);
  return { keys: parseKeys(readFileSync(file, "utf8"), file), file };
}

/** With a file, keys that are put there later are found when something is sealed with them. */
export function loadSealer(homeDirectory: string, env: NodeJS.ProcessEnv): Sealer {
  const { keys, file } = loadMasterKeys(homeDirectory, env);
  return new Sealer(keys, file === null ? null : () => parseKeys(readFileSync(file, "utf8"), file));
}

/** The same, but no key is made: whoever only reads would make one that opens nothing. Throws SealError. */
export function sealerThere(homeDirectory: string, env: NodeJS.ProcessEnv): Sealer {
  if (!env.TIDEGATE_MASTER_KEY?.trim() && !existsSync(join(homeDirectory, MASTER_KEY_FILE))) {
    throw new SealError(
      `the master key is missing: TIDEGATE_MASTER_KEY is not set, and there is no ${MASTER_KEY_FILE}`,
    );
  }
  return loadSealer(homeDirectory, env);
}

export function newMasterKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** In place of what was in the file: all of it, or nothing. */
export function replaceKeyFile(file: string, keys: readonly Buffer[]): void {
  const temporary = temporaryBeside(file);
  const text = keys.map((key) => `${key.toString("base64")}\n`).join("");
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx", flush: true });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

export function parseKeys(text: string, source: string): Buffer[] {
  const keys = text.split(/[\s,]+/).filter((part) => part !== "");
  if (keys.length === 0) throw new SealError(`${source}: there is no key in it (openssl rand -base64 32 makes one)`);
  return keys.map((part, index) => {
    if (HEX_KEY.test(part)) return Buffer.from(part, "hex");
    if (BASE64_KEY.test(part)) return Buffer.from(part, "base64");
    throw new SealError(
      `${source}: key ${index + 1} is not ${KEY_BYTES} bytes in base64 or hex (openssl rand -base64 32)`,
    );
  });
}

const HEX_KEY = /^[0-9a-f]{64}$/i;
/** Node would leave out what is no base64, and take a mistyped key for another one. */
const BASE64_KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

/** Linked, not renamed: of two processes that start at once, both use the key of the first. */
function makeKeyFile(path: string): void {
  const temporary = temporaryBeside(path);
  const text = `${newMasterKey().toString("base64")}\n`;
  writeFileSync(temporary, text, { mode: 0o600, flag: "wx", flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Process ids are not unique: of two containers with one volume, both are process 1. */
function temporaryBeside(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}
