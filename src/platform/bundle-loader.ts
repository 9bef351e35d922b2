import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";

interface LoadedModule {
  exports: unknown;
  script: Script;
}

type ModuleFunction = (
  this: unknown,
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

const HEAD = "(function (exports, require, module, __filename, __dirname) { ";
const TAIL = "\n})";
const DIGEST_BYTES = 32;

/**
 * `require` for the CommonJS files of the bundle, all ASCII, which hands V8 the code that an earlier process compiled from
 * the same text: src/docs/decisions/012-bundles.md. Whatever is missing in `cacheDirectory`, or does not fit, is compiled as
 * ever.
 */
export class BundleLoader {
  readonly #cacheDirectory: string;
  readonly #modules = new Map<string, LoadedModule>();

  constructor(cacheDirectory: string) {
    this.#cacheDirectory = cacheDirectory;
  }

  /** What the file exports; it runs once. */
  load(file: string): unknown {
    const known = this.#modules.get(file);
    if (known !== undefined) return known.exports;
    const script = this.#compile(file);
    const module: LoadedModule = { exports: {}, script };
    this.#modules.set(file, module);
    const here = dirname(file);
    const outside = createRequire(file);
    const require = (id: string): unknown => (/^[./].*\.cjs$/.test(id) ? this.load(resolve(here, id)) : outside(id));
    try {
      (script.runInThisContext() as ModuleFunction).call(module.exports, module.exports, require, module, file, here);
    } catch (error) {
      this.#modules.delete(file);
      throw error;
    }
    return module.exports;
  }

  #compile(file: string): Script {
    const text = readFileSync(file);
    const cachedData = readCache(this.#cacheOf(text));
    return new Script(HEAD + text.toString("latin1") + TAIL, {
      filename: file,
      columnOffset: -HEAD.length,
      ...(cachedData === null ? {} : { cachedData }),
    });
  }

  /**
   * The name holds a digest of the text (V8 itself compares no more than its length) and V8's own tag of its version, its
   * flags and the processor.
   */
  #cacheOf(text: Buffer): string {
    return join(this.#cacheDirectory, `${sha256(text).toString("hex")}-${cachedDataVersionTag().toString(16)}`);
  }

  /** What has been loaded by now. */
  get files(): string[] {
    return [...this.#modules.keys()];
  }

  /**
   * Writes what V8 has compiled of `files` by now; of those that were not loaded, what it compiles at once. What is there
   * already stays: a process that ended earlier has run it.
   */
  record(files: readonly string[]): void {
    mkdirSync(this.#cacheDirectory, { recursive: true });
    for (const file of files) {
      const cache = this.#cacheOf(readFileSync(file));
      if (existsSync(cache)) continue;
      const data = (this.#modules.get(file)?.script ?? this.#compile(file)).createCachedData();
      // Another process reads it whole, or not at all.
      const draft = `${cache}.${randomUUID()}`;
      writeFileSync(draft, Buffer.concat([sha256(data), data]));
      renameSync(draft, cache);
    }
  }
}

/** V8 runs whatever has its header, so a file that was damaged must be told from one that was not. */
function readCache(file: string): Buffer | null {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return null;
  }
  const data = content.subarray(DIGEST_BYTES);
  return sha256(data).equals(content.subarray(0, DIGEST_BYTES)) ? data : null;
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
