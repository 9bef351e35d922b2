import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sealer } from "../seal.ts";

const FILE = "secrets.sealed";
const PURPOSE = "secret references";

/** What Vault said last, sealed under the master key in the data directory: for a start while Vault is away. */
export class LastGood {
  readonly #file: string;
  readonly #sealer: () => Sealer;

  /** `sealer` is asked for only when there is something to seal or open. */
  constructor(homeDirectory: string, sealer: () => Sealer) {
    this.#file = join(homeDirectory, FILE);
    this.#sealer = sealer;
  }

  /** Empty where there is nothing, or nothing that this master key opens. Seals it again where another than the first one did. */
  async read(): Promise<Map<string, string>> {
    const kept = await this.#open();
    if (kept === null) return new Map();
    if (kept.isOutdated) await this.write(kept.values).catch(() => {}); // Then the next one does.
    return kept.values;
  }

  /** With the first master key, what another one sealed. Throws where it can't be written: the other key is still needed. */
  async sealAgain(): Promise<void> {
    const kept = await this.#open();
    if (kept?.isOutdated === true) await this.write(kept.values);
  }

  /** Null: there is nothing, or nothing that can be opened. */
  async #open(): Promise<{ values: Map<string, string>; isOutdated: boolean } | null> {
    try {
      const text = await readFile(this.#file, "utf8");
      const sealer = this.#sealer();
      const values = new Map(Object.entries(JSON.parse(sealer.open(text, PURPOSE)) as Record<string, string>));
      return { values, isOutdated: sealer.isOutdated(text) };
    } catch {
      return null;
    }
  }

  async write(values: ReadonlyMap<string, string>): Promise<void> {
    const temporary = `${this.#file}.${process.pid}.tmp`;
    try {
      const sealed = this.#sealer().seal(JSON.stringify(Object.fromEntries(values)), PURPOSE);
      await writeFile(temporary, sealed, { mode: 0o600, flush: true });
      await rename(temporary, this.#file);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
