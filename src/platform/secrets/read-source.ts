import { readFile } from "node:fs/promises";
import type { SecretSource } from "../../contracts/secret-reference.ts";
import { VaultClient, VaultError } from "./vault-client.ts";
import { type Environment, VaultOptionsError, vaultOptions } from "./vault-options.ts";

export type Reading =
  | { ok: true; value: string; leaseMs: number | null }
  /** Why not; without the secret. */
  | { ok: false; message: string };

const MAX_FILE_BYTES = 64 * 1024;

/** Reads secrets where references say that they are. */
export class SourceReader {
  readonly #env: Environment;
  #vault: VaultClient | null = null;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** In the order of the sources. Each secret of Vault is asked for once, however many of its fields are wanted. */
  read(sources: readonly SecretSource[]): Promise<Reading[]> {
    const asked = new Map<string, ReturnType<VaultClient["read"]>>();
    return Promise.all(
      sources.map(async (source): Promise<Reading> => {
        if ("env" in source) return this.#variable(source.env);
        if ("file" in source) return readSecretFile(source.file);
        return this.#field(source.vault, asked);
      }),
    );
  }

  #variable(name: string): Reading {
    const value = this.#env[name];
    if (value === undefined || value === "") {
      // What looks otherwise may be the secret itself, in the wrong place.
      const shown = /^[A-Z_][A-Z0-9_]*$/.test(name) ? ` ${name}` : " that it names";
      return no(`the environment variable${shown} is not set`);
    }
    return { ok: true, value, leaseMs: null };
  }

  async #field(
    { path, field }: { path: string; field: string },
    asked: Map<string, ReturnType<VaultClient["read"]>>,
  ): Promise<Reading> {
    try {
      this.#vault ??= new VaultClient(vaultOptions(this.#env));
      const asking = asked.get(path) ?? this.#vault.read(path);
      asked.set(path, asking);
      const { data, leaseMs } = await asking;
      const value = Object.hasOwn(data, field) ? data[field] : undefined;
      if (typeof value === "string" && value !== "") return { ok: true, value, leaseMs };
      if (typeof value === "number") return { ok: true, value: String(value), leaseMs };
      return no(`the secret at ${path} in Vault has no text \`${field}\``);
    } catch (error) {
      if (error instanceof VaultError || error instanceof VaultOptionsError) return no(error.message);
      throw error;
    }
  }
}

async function readSecretFile(file: string): Promise<Reading> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_FILE_BYTES) return no(`the file ${file} is longer than ${MAX_FILE_BYTES} bytes`);
    const value = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
    return value === "" ? no(`the file ${file} is empty`) : { ok: true, value, leaseMs: null };
  } catch (error) {
    if (error instanceof TypeError) return no(`the file ${file} is no UTF-8 text`);
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return no(`the file ${file} can't be read (${code})`);
  }
}

function no(message: string): Reading {
  return { ok: false, message };
}
