import { createHash } from "node:crypto";
import type { Chunk, ChunkName } from "../../contracts/packed-snapshot.ts";

/** SHA-256 (hex) of the bytes. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Over some text and the chunks of these kinds, in the order of their names. */
export function hashOver(text: string, chunks: ReadonlyMap<ChunkName, Chunk>, kinds: string): string {
  const hash = createHash("sha256").update(text);
  const names = [...chunks.keys()].filter((name) => kinds.includes(name[0] as string)).sort();
  for (const name of names) hash.update(`\n${name} ${chunks.get(name)?.hash}`);
  return hash.digest("hex");
}
