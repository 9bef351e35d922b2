import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";

const saved = z.object({ token: z.string(), token_id: z.string(), email: z.string(), expires_at: z.string() });
export type SavedToken = z.output<typeof saved>;

const fileSchema = z.object({
  /** The server that was signed in at last: where commands go that name none. */
  current: z.string().nullable(),
  servers: z.record(z.string(), saved),
});
type Content = z.output<typeof fileSchema>;

const EMPTY: Content = { current: null, servers: {} };

/** `~/.config/tidegate/credentials.json`, or below `XDG_CONFIG_HOME`. */
export function credentialsPath(env: NodeJS.ProcessEnv): string {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config");
  return join(config, "tidegate", "credentials.json");
}

/** Tokens by the URL of their server, in a file that only its owner may read. */
export class CredentialsFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get current(): string | null {
    return this.#read().current;
  }

  find(url: string): SavedToken | null {
    const { servers } = this.#read();
    return Object.hasOwn(servers, url) ? (servers[url] ?? null) : null;
  }

  save(url: string, token: SavedToken): void {
    const { servers } = this.#read();
    this.#write({ current: url, servers: { ...servers, [url]: token } });
  }

  forget(url: string): void {
    const { current, servers } = this.#read();
    const { [url]: _forgotten, ...others } = servers;
    this.#write({ current: current === url ? (Object.keys(others)[0] ?? null) : current, servers: others });
  }

  #read(): Content {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return EMPTY;
      throw this.#unusable("it can't be read");
    }
    const parsed = fileSchema.safeParse(jsonOf(text));
    if (!parsed.success) throw this.#unusable("it is not what `tidegate login` writes");
    return parsed.data;
  }

  /** Written beside and renamed over: the file is never there without its mode, or in part. */
  #write(content: Content): void {
    const temporary = `${this.path}.${randomUUID()}`;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
      renameSync(temporary, this.path);
    } catch (error) {
      rmSync(temporary, { force: true });
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      throw new StartError(EXIT.failed, `can't write ${this.path}: ${code}`);
    }
  }

  #unusable(reason: string): StartError {
    return new StartError(EXIT.failed, `${this.path}: ${reason}; remove it, and sign in again: tidegate login`);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
