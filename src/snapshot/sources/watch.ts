import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

export interface FileWatcher {
  close(): void;
}

export interface WatchOptions {
  /** Changes closer together than this are one, for up to ten times as long. */
  debounceMs?: number;
  /** How often the file is looked at even if the system reported nothing (network file systems, replaced folders). */
  pollMs?: number;
}

/**
 * Calls back when the content of the file has become another one. Watches folders, not the file: editors replace files
 * by rename, and Kubernetes swaps a symlink two steps away. A file that is gone for a moment, or for good, is no change.
 */
export async function watchFile(path: string, onChange: () => void, options: WatchOptions = {}): Promise<FileWatcher> {
  const watcher = new ContentWatcher(path, onChange, options);
  await watcher.start();
  return watcher;
}

/** A file that is written without a pause is read after so many times `debounceMs` all the same. */
const LONGEST_DEBOUNCE = 10;

class ContentWatcher implements FileWatcher {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #debounceMs: number;
  readonly #pollMs: number;
  readonly #folders = new Map<string, FSWatcher>();
  #poll: NodeJS.Timeout | undefined;
  #debounce: NodeJS.Timeout | undefined;
  /** When the first of the changes came that are waited for the end of; null: there is none. */
  #changedSinceMs: number | null = null;
  /** Something happened beside the file, which may be a swapped symlink. */
  #glance: NodeJS.Timeout | null = null;
  #checking = false;
  #checkAgain = false;
  #closed = false;
  /** Identity and times of the file when it was last read. */
  #fingerprint: string | null = null;
  #digest: string | null = null;

  constructor(path: string, onChange: () => void, { debounceMs = 100, pollMs = 2000 }: WatchOptions) {
    this.#path = path;
    this.#onChange = onChange;
    this.#debounceMs = debounceMs;
    this.#pollMs = pollMs;
  }

  async start(): Promise<void> {
    // Folders first: a change between the two is then read, not missed.
    await this.#watchFolders();
    const state = await this.#read();
    this.#fingerprint = state?.fingerprint ?? null;
    this.#digest = state?.digest ?? null;
    this.#poll = setInterval(() => void this.#pollOnce(), this.#pollMs);
    this.#poll.unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#debounce);
    if (this.#glance !== null) clearTimeout(this.#glance);
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
  }

  #schedule(): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    this.#changedSinceMs ??= nowMs;
    const leftMs = this.#changedSinceMs + LONGEST_DEBOUNCE * this.#debounceMs - nowMs;
    clearTimeout(this.#debounce);
    this.#debounce = setTimeout(() => void this.#check(), Math.max(0, Math.min(this.#debounceMs, leftMs)));
    this.#debounce.unref();
  }

  /** A log that is written to in the same folder neither puts the check of the file off, nor has the file read each time. */
  #scheduleGlance(): void {
    if (this.#closed || this.#glance !== null) return;
    this.#glance = setTimeout(() => {
      this.#glance = null;
      void this.#pollOnce();
    }, this.#debounceMs);
    this.#glance.unref();
  }

  async #pollOnce(): Promise<void> {
    const fingerprint = await fingerprintOf(this.#path);
    if (fingerprint !== null && fingerprint !== this.#fingerprint) this.#schedule();
  }

  async #check(): Promise<void> {
    if (this.#checking) {
      this.#checkAgain = true;
      return;
    }
    this.#checking = true;
    this.#changedSinceMs = null;
    const state = await this.#read();
    await this.#watchFolders();
    this.#checking = false;
    if (this.#closed) return;
    if (this.#checkAgain) {
      this.#checkAgain = false;
      this.#schedule();
    }
    if (state === null) return;
    this.#fingerprint = state.fingerprint;
    if (state.digest === this.#digest) return;
    this.#digest = state.digest;
    this.#onChange();
  }

  /** null while the file can't be read. */
  async #read(): Promise<{ fingerprint: string | null; digest: string } | null> {
    const fingerprint = await fingerprintOf(this.#path);
    try {
      const digest = createHash("sha256")
        .update(await readFile(this.#path))
        .digest("hex");
      return { fingerprint, digest };
    } catch {
      return null;
    }
  }

  /** Watches the folder of the path and the folder the file really is in; both may have changed. */
  async #watchFolders(): Promise<void> {
    const wanted = new Set([dirname(this.#path)]);
    const real = await realpath(this.#path).catch(() => null);
    if (real !== null) wanted.add(dirname(real));
    if (this.#closed) return;
    for (const [folder, watcher] of this.#folders) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watchFolder(folder);
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || name === basename(this.#path)) this.#schedule();
        else this.#scheduleGlance();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#folders.delete(folder);
      });
      this.#folders.set(folder, watcher);
    } catch {
      // No such folder, or out of watches: polling goes on.
    }
  }
}

async function fingerprintOf(path: string): Promise<string | null> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return null;
  }
}
