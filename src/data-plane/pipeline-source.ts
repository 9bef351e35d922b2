import type { CompiledCounts } from "../contracts/gateway.ts";
import type { PackedSnapshot } from "../contracts/packed-snapshot.ts";
import type { ServiceSnapshot } from "../contracts/snapshot.ts";
import { runInSlices, runWhole, type Slices } from "../platform/slices.ts";
import { SNAPSHOT_FORMAT } from "../snapshot/codec.ts";
import { decodeServices } from "../snapshot/packed/unpack.ts";
import type { AiRuntime } from "./pipeline/ai/ai-runtime.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { KeptRoutes } from "./pipeline/router.ts";

interface DecodedChunk {
  hash: string;
  services: readonly ServiceSnapshot[];
}

/**
 * Makes the pipeline that serves of one snapshot after the other. What is the same as before is neither decoded nor compiled
 * again; what is not, in slices, while the pipeline before it serves.
 */
export class PipelineSource {
  readonly #runtime: AiRuntime;
  readonly #nextId: (nowMs: number) => string;
  readonly #onServed: (pipeline: Pipeline) => void;
  #current: Pipeline | null = null;
  #services = new Map<string, DecodedChunk>();
  readonly #routes = new KeptRoutes();
  /** The newest one that has come. */
  #wanted: PackedSnapshot | null = null;
  #turn: Promise<void> = Promise.resolve();
  readonly #counts = { pipelines: 0, serviceChunks: 0, applications: 0 };

  /** `onServed`: calls go to this pipeline from now on. */
  constructor(runtime: AiRuntime, nextId: (nowMs: number) => string, onServed: (pipeline: Pipeline) => void) {
    this.#runtime = runtime;
    this.#nextId = nextId;
    this.#onServed = onServed;
  }

  get current(): Pipeline | null {
    return this.#current;
  }

  get counts(): CompiledCounts {
    const { applications, ...counts } = this.#counts;
    return { ...counts, applications: applications + (this.#current?.decodedApplications ?? 0) };
  }

  /** Throws when it can't be served. */
  applyNow(snapshot: PackedSnapshot): void {
    this.#wanted = snapshot;
    if (this.#isCompiled(snapshot)) this.#current?.changeCallers(snapshot);
    else this.#serve(runWhole(this.#compile(snapshot)));
  }

  /** Rejects when it can't be served. Resolves also when a newer one has come meanwhile: that one is served instead. */
  apply(snapshot: PackedSnapshot): Promise<void> {
    this.#wanted = snapshot;
    // Who has lost a key has lost it at once, whatever else is still to be compiled.
    this.#current?.changeCallers(snapshot);
    if (this.#isCompiled(snapshot)) return Promise.resolve();
    const turn = this.#turn.then(async () => {
      // Of several the last one, but something has to be served first.
      const isOutdated = this.#wanted !== snapshot && this.#current !== null;
      if (isOutdated || this.#isCompiled(snapshot)) return;
      this.#serve(await runInSlices(this.#compile(snapshot)));
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Nothing but the callers is another than in what is served. */
  #isCompiled({ head }: PackedSnapshot): boolean {
    return this.#current?.snapshot.pipelineHash === head.pipelineHash;
  }

  #serve(pipeline: Pipeline): void {
    this.#counts.applications += this.#current?.decodedApplications ?? 0;
    this.#current = pipeline;
    // Callers may have changed since it was begun.
    if (this.#wanted !== null) pipeline.changeCallers(this.#wanted);
    pipeline.begin();
    this.#onServed(pipeline);
  }

  *#compile({ head, chunks }: PackedSnapshot): Slices<Pipeline> {
    if (head.format !== SNAPSHOT_FORMAT) {
      throw new Error(`snapshot format ${String(head.format)} is not known to this worker`);
    }
    const services = yield* this.#decodeServices(chunks);
    yield;
    this.#runtime.dispatchers.nextGeneration();
    const pipeline = yield* Pipeline.compile({ ...head, services }, chunks, this.#runtime, this.#nextId, this.#routes);
    this.#counts.pipelines++;
    return pipeline;
  }

  /** What is in a chunk that was there before is the same objects. */
  *#decodeServices(chunks: PackedSnapshot["chunks"]): Slices<ServiceSnapshot[]> {
    const before = this.#services;
    const decoded = new Map<string, DecodedChunk>();
    for (const [name, chunk] of chunks) {
      if (!name.startsWith("s")) continue;
      let known = before.get(name);
      if (known?.hash !== chunk.hash) {
        known = { hash: chunk.hash, services: decodeServices(chunk) };
        this.#counts.serviceChunks++;
        yield;
      }
      decoded.set(name, known);
    }
    this.#services = decoded;
    yield;
    return [...decoded.values()].flatMap(({ services }) => services);
  }
}
