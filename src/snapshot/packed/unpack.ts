import type { Chunk, PackedSnapshot } from "../../contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, ServiceSnapshot, Snapshot } from "../../contracts/snapshot.ts";
import { applicationEntries } from "./application-chunk.ts";
import { decodeValue } from "./value.ts";

/** The snapshot as it was packed, services and applications in the order of their ids. */
export function unpackSnapshot(packed: PackedSnapshot): Snapshot {
  const { pipelineHash: _pipelineHash, callers: _callers, ...head } = packed.head;
  return { ...head, services: unpackServices(packed), applications: unpackApplications(packed) };
}

/** Those of one chunk. */
export function decodeServices({ bytes }: Chunk): ServiceSnapshot[] {
  return decodeValue(bytes) as ServiceSnapshot[];
}

export function unpackServices({ chunks }: Pick<PackedSnapshot, "chunks">): ServiceSnapshot[] {
  return inOrder([...chunks].flatMap(([name, chunk]) => (name.startsWith("s") ? decodeServices(chunk) : [])));
}

function unpackApplications({ chunks }: Pick<PackedSnapshot, "chunks">): ApplicationSnapshot[] {
  const applications: ApplicationSnapshot[] = [];
  for (const [name, { bytes }] of chunks) {
    if (!name.startsWith("a")) continue;
    for (const { value } of applicationEntries(bufferOver(bytes))) {
      applications.push(decodeValue(value) as ApplicationSnapshot);
    }
  }
  return inOrder(applications);
}

/** Of bytes that came as a plain array. Nothing is copied. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Releases of a service stay as they were among each other. */
function inOrder<One extends { id: string }>(all: One[]): One[] {
  return all.sort((one, other) => (one.id === other.id ? 0 : one.id < other.id ? -1 : 1));
}
