import type { Chunk, ChunkName, PackedSnapshot } from "../../../contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, CredentialSnapshot } from "../../../contracts/snapshot.ts";
import { changedNumbers, findApplications } from "../../../snapshot/packed/application-chunk.ts";
import { findCredential } from "../../../snapshot/packed/credential-chunk.ts";
import { CALLER_CHUNKS, chunkOf, digestsOf, numberOf } from "../../../snapshot/packed/digests.ts";
import { bufferOver } from "../../../snapshot/packed/unpack.ts";
import { decodeValue } from "../../../snapshot/packed/value.ts";
import type { CompiledApplication } from "../compiled.ts";
import type { SharedLimits } from "../policies/shared-limits.ts";
import { compileApplication } from "./compile-application.ts";
import { type CompiledCredential, compileTerms } from "./compiled-credential.ts";

export interface FoundCredential {
  readonly snapshot: CredentialSnapshot;
  readonly credential: CompiledCredential;
}

interface Decoded {
  /** One, but for those that can't be told apart by their number. */
  readonly applications: readonly CompiledApplication[];
  /** Of its credentials that were found: they go when it goes, or who has lost one might still have it here. */
  readonly digests: Set<string>;
}

/** Of those that called first, the oldest make room. Who calls after that is decoded once more. */
const MOST = { applications: 20_000, credentials: 40_000 };

/**
 * Who calls, looked up in the chunks of a snapshot where they lie, and decoded at the first call: of a hundred thousand
 * applications a worker holds as objects those that call it.
 */
export class CallerDirectory {
  readonly #limits: SharedLimits;
  #chunks: PackedSnapshot["chunks"];
  /** Names of chunks are put together once, not for each call. */
  #applicationChunks: readonly (Buffer | null)[];
  #credentialChunks: readonly (Buffer | null)[];
  readonly #most: typeof MOST;
  /** By number. */
  readonly #applications = new Map<string, Decoded>();
  /** By digest, hex. */
  readonly #credentials = new Map<string, FoundCredential>();
  /** How many applications were decoded so far. */
  decoded = 0;

  /** `limits`: what teams and the organisation have for all applications. */
  constructor(chunks: PackedSnapshot["chunks"], limits: SharedLimits, most = MOST) {
    this.#limits = limits;
    this.#most = most;
    this.#chunks = chunks;
    this.#applicationChunks = chunksOf("a", chunks);
    this.#credentialChunks = chunksOf("c", chunks);
  }

  /** An API key, by its SHA-256, hex. */
  findKey(digest: string): CompiledCredential | null {
    const found = this.#credentials.get(digest) ?? this.#find(Buffer.from(digest, "hex"), digest);
    return found === null || found.snapshot.kind !== "api-key" ? null : found.credential;
  }

  find(digest: Buffer): FoundCredential | null {
    const key = digest.toString("hex");
    return this.#credentials.get(key) ?? this.#find(digest, key);
  }

  /**
   * Further credentials of the same application that are found by the same digest: a password or secret that was rotated works
   * on for a while beside the new one. They are compiled each time: few calls come with them, and not for long.
   */
  others({ snapshot, credential }: FoundCredential, digest: Buffer): FoundCredential[] {
    const { application } = credential;
    return application.snapshot.credentials
      .filter((one) => one !== snapshot && one.kind === snapshot.kind)
      .filter((one) => digestsOf(one).some((other) => other.equals(digest)))
      .map((one) => ({ snapshot: one, credential: compileTerms(one, application) }));
  }

  application(id: string): CompiledApplication | null {
    return this.#decoded(numberOf(id))?.applications.find((application) => application.id === id) ?? null;
  }

  /**
   * From now on these hold. Returns the numbers of the applications that are other ones than before, or gone; nothing else is
   * forgotten, and nothing is decoded.
   */
  replace(chunks: PackedSnapshot["chunks"]): Buffer[] {
    const before = this.#chunks;
    const changed: Buffer[] = [];
    for (let index = 0; index < CALLER_CHUNKS; index++) {
      const [old, fresh] = [before.get(`a${index}`), chunks.get(`a${index}`)];
      if (old?.hash !== fresh?.hash) changed.push(...changedNumbers(bytesOf(old), bytesOf(fresh)));
    }
    this.#chunks = chunks;
    this.#applicationChunks = chunksOf("a", chunks);
    this.#credentialChunks = chunksOf("c", chunks);
    for (const number of changed) this.#forget(keyOf(number));
    return changed;
  }

  #forget(number: string): void {
    for (const digest of this.#applications.get(number)?.digests ?? []) this.#credentials.delete(digest);
    this.#applications.delete(number);
  }

  #find(digest: Buffer, key: string): FoundCredential | null {
    const chunk = this.#credentialChunks[chunkOf(digest, CALLER_CHUNKS)] ?? null;
    const entry = chunk === null ? null : findCredential(chunk, digest);
    if (entry === null) return null;
    const decoded = this.#decoded(entry.number);
    for (const application of decoded?.applications ?? []) {
      const snapshot = application.snapshot.credentials[entry.index];
      if (snapshot === undefined || !digestsOf(snapshot).some((one) => one.equals(digest))) continue;
      const found = { snapshot, credential: compileTerms(snapshot, application) };
      if (this.#credentials.size >= this.#most.credentials) this.#credentials.delete(oldestOf(this.#credentials));
      this.#credentials.set(key, found);
      decoded?.digests.add(key);
      return found;
    }
    return null;
  }

  #decoded(number: Buffer): Decoded | null {
    const key = keyOf(number);
    const known = this.#applications.get(key);
    if (known !== undefined) return known;
    const chunk = this.#applicationChunks[chunkOf(number, CALLER_CHUNKS)] ?? null;
    const values = chunk === null ? [] : findApplications(chunk, number);
    if (values.length === 0) return null;
    this.decoded += values.length;
    // Numbers are kept for longer than the chunk they come from.
    const own = Buffer.from(number);
    const applications = values.map((value) =>
      compileApplication(decodeValue(value) as ApplicationSnapshot, own, this.#limits),
    );
    if (this.#applications.size >= this.#most.applications) this.#forget(oldestOf(this.#applications));
    const decoded = { applications, digests: new Set<string>() };
    this.#applications.set(key, decoded);
    return decoded;
  }
}

function oldestOf(map: ReadonlyMap<string, unknown>): string {
  const [oldest = ""] = map.keys();
  return oldest;
}

function keyOf(number: Buffer): string {
  return number.toString("latin1");
}

function chunksOf(kind: "a" | "c", chunks: ReadonlyMap<ChunkName, Chunk>): (Buffer | null)[] {
  return Array.from({ length: CALLER_CHUNKS }, (_, index) => bytesOf(chunks.get(`${kind}${index}`)));
}

function bytesOf(chunk: Chunk | undefined): Buffer | null {
  return chunk === undefined ? null : bufferOver(chunk.bytes);
}
