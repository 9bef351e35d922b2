import { NUMBER_BYTES } from "./digests.ts";

/**
 * Applications by their numbers, to be read where they lie: how many there are (u32), for each in the order of their
 * numbers the number and where its value ends (u32, from the first value on), then the values. Little-endian.
 */
const COUNT_BYTES = 4;
const ENTRY_BYTES = NUMBER_BYTES + 4;

export interface ApplicationEntry {
  number: Buffer;
  /** An ApplicationSnapshot in MessagePack. */
  value: Uint8Array;
}

export function encodeApplications(entries: readonly ApplicationEntry[]): Buffer {
  const sorted = [...entries].sort((one, other) => Buffer.compare(one.number, other.number));
  const head = Buffer.alloc(COUNT_BYTES + sorted.length * ENTRY_BYTES);
  head.writeUInt32LE(sorted.length);
  let end = 0;
  for (const [index, { number, value }] of sorted.entries()) {
    const at = COUNT_BYTES + index * ENTRY_BYTES;
    number.copy(head, at);
    end += value.length;
    head.writeUInt32LE(end, at + NUMBER_BYTES);
  }
  return Buffer.concat([head, ...sorted.map(({ value }) => value)]);
}

/** All values of the number: one, but for applications that can't be told apart by it. */
export function findApplications(chunk: Buffer, number: Uint8Array): Buffer[] {
  const count = chunk.readUInt32LE();
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (compareAt(chunk, middle, number) < 0) from = middle + 1;
    else to = middle;
  }
  const found: Buffer[] = [];
  for (let index = from; index < count && compareAt(chunk, index, number) === 0; index++) {
    found.push(valueAt(chunk, index, count));
  }
  return found;
}

export function* applicationEntries(chunk: Buffer): Generator<ApplicationEntry & { value: Buffer }> {
  const count = chunk.readUInt32LE();
  for (let index = 0; index < count; index++) {
    const at = COUNT_BYTES + index * ENTRY_BYTES;
    yield { number: chunk.subarray(at, at + NUMBER_BYTES), value: valueAt(chunk, index, count) };
  }
}

/** Numbers of applications that one of two chunks does not have as the other does. Nothing is decoded. */
export function changedNumbers(before: Buffer | null, after: Buffer | null): Buffer[] {
  const old = entriesByNumber(before);
  const changed: Buffer[] = [];
  for (const [key, { number, value }] of entriesByNumber(after)) {
    const known = old.get(key);
    old.delete(key);
    if (known === undefined || !known.value.equals(value)) changed.push(number);
  }
  for (const { number } of old.values()) changed.push(number);
  return changed;
}

/** Values of one number count as one. */
function entriesByNumber(chunk: Buffer | null): Map<string, { number: Buffer; value: Buffer }> {
  const entries = new Map<string, { number: Buffer; value: Buffer }>();
  if (chunk === null) return entries;
  for (const { number, value } of applicationEntries(chunk)) {
    const key = number.toString("latin1");
    const known = entries.get(key);
    entries.set(key, { number, value: known === undefined ? value : Buffer.concat([known.value, value]) });
  }
  return entries;
}

function compareAt(chunk: Buffer, index: number, number: Uint8Array): number {
  const at = COUNT_BYTES + index * ENTRY_BYTES;
  return chunk.compare(number, 0, NUMBER_BYTES, at, at + NUMBER_BYTES);
}

function valueAt(chunk: Buffer, index: number, count: number): Buffer {
  const values = COUNT_BYTES + count * ENTRY_BYTES;
  const endOf = (entry: number) => chunk.readUInt32LE(COUNT_BYTES + entry * ENTRY_BYTES + NUMBER_BYTES);
  return chunk.subarray(values + (index === 0 ? 0 : endOf(index - 1)), values + endOf(index));
}
