import type {
  CallersSummary,
  Chunk,
  ChunkName,
  PackedSnapshot,
  SnapshotHead,
} from "../../contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, ServiceSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import { canonicalJson } from "../compile/hash.ts";
import { encodeApplications } from "./application-chunk.ts";
import { CallerTally } from "./caller-tally.ts";
import { hashOf, hashOver } from "./content-hash.ts";
import { type CredentialEntry, encodeCredentials } from "./credential-chunk.ts";
import { CALLER_CHUNKS, chunkOf, digestsOf, numberOf, SERVICE_CHUNKS } from "./digests.ts";
import { encodeValue } from "./value.ts";

type Content = Omit<SnapshotHead, "version" | "hash" | "pipelineHash" | "compiledAtMs" | "callers">;

/** By id, what is in one chunk. */
type Members<Member> = Map<string, Member>;

/**
 * Packs one snapshot after the other, and encodes of each only the chunks that hold something else than before: what is
 * the same object is the same.
 */
export class SnapshotPacker {
  readonly #chunks = new Map<ChunkName, Chunk>();
  readonly #services = membersOf<ServiceSnapshot[]>(SERVICE_CHUNKS);
  readonly #applications = membersOf<ApplicationSnapshot>(CALLER_CHUNKS);
  readonly #owners = membersOf<ApplicationSnapshot>(CALLER_CHUNKS);
  /** All applications, by id. */
  readonly #known = new Map<string, ApplicationSnapshot>();
  readonly #tally = new CallerTally();
  readonly #dirty = new Set<ChunkName>();
  #content = "";
  #head: Content | null = null;
  #callers: CallersSummary = this.#tally.summary;
  #pipelineHash = "";

  /** Chunks encoded so far. */
  encoded = 0;

  pack(snapshot: Snapshot): PackedSnapshot {
    const { version, hash: _hash, compiledAtMs, services, applications, ...content } = snapshot;
    this.#head = content;
    this.#content = canonicalJson(content);
    this.#putServices(services);
    const ids = new Set<string>();
    for (const application of applications) {
      ids.add(application.id);
      this.#put(application.id, application);
    }
    if (ids.size < this.#known.size) for (const id of this.#known.keys()) if (!ids.has(id)) this.#put(id, null);
    this.#encode();
    this.#summarise();
    return this.#packed(version, compiledAtMs);
  }

  /** Only these applications are other ones than before, or gone: null. */
  change(
    applications: ReadonlyMap<string, ApplicationSnapshot | null>,
    version: number,
    compiledAtMs: number,
  ): PackedSnapshot {
    for (const [id, application] of applications) this.#put(id, application);
    this.#encode();
    this.#summarise();
    return this.#packed(version, compiledAtMs);
  }

  #putServices(services: readonly ServiceSnapshot[]): void {
    const releases = new Map<string, ServiceSnapshot[]>();
    for (const service of services) {
      const known = releases.get(service.id);
      if (known === undefined) releases.set(service.id, [service]);
      else known.push(service);
    }
    for (const [index, members] of this.#services.entries()) {
      for (const id of members.keys()) {
        if (releases.has(id)) continue;
        members.delete(id);
        this.#dirty.add(`s${index}`);
      }
    }
    for (const [id, live] of releases) {
      const index = chunkOf(numberOf(id), SERVICE_CHUNKS);
      const members = this.#services[index] as Members<ServiceSnapshot[]>;
      const known = members.get(id);
      if (known?.length === live.length && live.every((one, at) => one === known[at])) continue;
      members.set(id, live);
      this.#dirty.add(`s${index}`);
    }
  }

  #put(id: string, application: ApplicationSnapshot | null): void {
    const known = this.#known.get(id);
    if (known === (application ?? undefined)) return;
    const index = chunkOf(numberOf(id), CALLER_CHUNKS);
    const members = this.#applications[index] as Members<ApplicationSnapshot>;
    this.#dirty.add(`a${index}`);
    if (known !== undefined) {
      this.#tally.remove(known);
      this.#known.delete(id);
      members.delete(id);
      for (const chunk of credentialChunks(known)) {
        this.#owners[chunk]?.delete(id);
        this.#dirty.add(`c${chunk}`);
      }
    }
    if (application === null) return;
    this.#tally.add(application);
    this.#known.set(id, application);
    members.set(id, application);
    for (const chunk of credentialChunks(application)) {
      this.#owners[chunk]?.set(id, application);
      this.#dirty.add(`c${chunk}`);
    }
  }

  #encode(): void {
    for (const name of this.#dirty) {
      const bytes = this.#encodeChunk(name[0] as string, Number(name.slice(1)));
      this.encoded++;
      if (bytes === null) this.#chunks.delete(name);
      else this.#chunks.set(name, { hash: hashOf(bytes), bytes });
    }
    this.#dirty.clear();
  }

  /** Null: there is nothing in it. */
  #encodeChunk(kind: string, index: number): Buffer | null {
    if (kind === "s") {
      const services = inOrder(this.#services[index]).flat();
      return services.length === 0 ? null : encodeValue(services);
    }
    const members = inOrder(kind === "a" ? this.#applications[index] : this.#owners[index]);
    if (members.length === 0) return null;
    if (kind === "a") {
      return encodeApplications(
        // A copy: the encoder's own buffer is far larger.
        members.map((one) => ({ number: numberOf(one.id), value: Buffer.from(encodeValue(one)) })),
      );
    }
    return encodeCredentials(members.flatMap(credentialEntries).filter(({ digest }) => isIn(digest, index)));
  }

  #summarise(): void {
    this.#callers = this.#tally.summary;
    const text = `${this.#content}\n${canonicalJson(this.#callers)}`;
    this.#pipelineHash = hashOver(text, this.#chunks, "s");
  }

  #packed(version: number, compiledAtMs: number): PackedSnapshot {
    if (this.#head === null) throw new TypeError("nothing was packed yet that could change");
    const chunks = new Map(this.#chunks);
    const pipelineHash = this.#pipelineHash;
    const hash = hashOver(pipelineHash, chunks, "ac");
    const head: SnapshotHead = { ...this.#head, version, hash, pipelineHash, compiledAtMs, callers: this.#callers };
    return { head, chunks };
  }
}

/** The whole at once. */
export function packSnapshot(snapshot: Snapshot): PackedSnapshot {
  return new SnapshotPacker().pack(snapshot);
}

function membersOf<Member>(chunks: number): Members<Member>[] {
  return Array.from({ length: chunks }, () => new Map());
}

function isIn(digest: Buffer, chunk: number): boolean {
  return chunkOf(digest, CALLER_CHUNKS) === chunk;
}

function credentialChunks({ credentials }: ApplicationSnapshot): Set<number> {
  return new Set(credentials.flatMap(digestsOf).map((digest) => chunkOf(digest, CALLER_CHUNKS)));
}

function credentialEntries({ id, credentials }: ApplicationSnapshot): CredentialEntry[] {
  const number = numberOf(id);
  return credentials.flatMap((credential, index) => digestsOf(credential).map((digest) => ({ digest, number, index })));
}

/** The same content has the same bytes, however it came about. */
function inOrder<Member>(members: Members<Member> | undefined): Member[] {
  return [...(members ?? [])].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, member]) => member);
}
