import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CallJournal,
  type JournalOptions,
  lockRun,
  openJournal,
  SCAN_END,
  scanRecords,
} from "../../../native-bindings/journal.ts";
import { crc32c } from "./journal-oracle.ts";

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 4_096;
const FIELDS = 32;

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-journal-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function open(changes: Partial<JournalOptions> = {}) {
  const directory = changes.directory ?? join(temporaryDirectory(), "made", "by", "it");
  const journal = openJournal({ directory, worker: 3, segmentBytes: SEGMENT_BYTES, maxSegments: 64, ...changes });
  onTestFinished(() => journal.close());
  const segment = (sequence: number) =>
    join(directory, `${journal.prefix()}-${String(sequence).padStart(8, "0")}.journal`);
  return { journal, directory, segment };
}

function append(journal: CallJournal, text: string): boolean {
  const bytes = Buffer.from(`..${text}..`);
  return journal.append(bytes, 2, bytes.length - 2);
}

/** The records of a segment's bytes, and how the scan ended. */
function scan(bytes: Buffer) {
  const spans = new Uint32Array(3 * 1_000);
  const records = bytes.subarray(HEADER_BYTES);
  const result = scanRecords(
    records,
    records.length,
    records.length,
    { fieldCount: FIELDS, bodiesAt: FIELDS - 3 },
    spans,
  );
  const texts = Array.from({ length: result.spans }, (_, span) => {
    const [start = 0, length = 0] = spans.subarray(span * 3);
    return records.toString("utf8", start, start + length);
  });
  return { ...result, texts };
}

describe("call journal", () => {
  it("keeps records of every length in the file at once, one after the other", () => {
    const { journal, segment } = open({ segmentBytes: 4 * SEGMENT_BYTES });
    const texts = Array.from({ length: 70 }, (_, index) => "a€".repeat(index + 1).slice(0, index + 1));
    for (const text of texts) {
      expect(append(journal, text)).toBe(true);
      expect(scan(readFileSync(segment(1))).texts.at(-1)).toBe(text);
    }
    const { texts: kept, damaged, end, next } = scan(readFileSync(segment(1)));
    expect(kept).toEqual(texts);
    expect({ damaged, end }).toEqual({ damaged: 0, end: SCAN_END.nothingMore });
    expect([journal.sequence(), journal.offset()]).toEqual([1, HEADER_BYTES + next]);
    expect(journal.stats()).toEqual({ appended: 70, lost: 0, segments: 1, failing: false, error: null });
  });

  it("writes a head that says whose segment it is, and a checksum that anyone can verify", () => {
    const { journal, segment } = open();
    append(journal, "123456789");
    const bytes = readFileSync(segment(1));
    expect(bytes.length).toBe(SEGMENT_BYTES);
    expect(bytes.toString("latin1", 0, 4)).toBe("TGCJ");
    expect([bytes.readUInt32LE(4), bytes.readUInt32LE(8), bytes.readUInt32LE(12)]).toEqual([1, 3, process.pid]);
    expect(journal.prefix()).toBe(`3-${bytes.readBigUInt64LE(16).toString(16).padStart(16, "0")}`);
    expect([bytes.readBigUInt64LE(24), bytes.readUInt32LE(32)]).toEqual([1n, SEGMENT_BYTES]);
    expect(bytes.readUInt32LE(60)).toBe(crc32c(bytes.subarray(0, 60)));
    // The check value of RFC 3720's CRC.
    expect(bytes.readUInt32LE(HEADER_BYTES + 4)).toBe(0xe3069283);
  });

  it("gives the whole records of a file that was cut at any byte", () => {
    const { journal, segment } = open();
    const texts = ["first", "the second one", "3", "number four"];
    const ends: number[] = [];
    for (const text of texts) {
      append(journal, text);
      ends.push(journal.offset());
    }
    const bytes = readFileSync(segment(1));
    for (let length = HEADER_BYTES; length <= journal.offset(); length++) {
      const whole = ends.filter((end) => end <= length).length;
      const isBetween = length === HEADER_BYTES || ends.includes(length);
      const found = scan(bytes.subarray(0, length));
      expect(found.texts).toEqual(texts.slice(0, whole));
      expect(found.end).toBe(isBetween ? SCAN_END.endMark : SCAN_END.torn);
    }
  });

  it("notices any byte that was changed, and passes over that record alone when its length is sound", () => {
    const { journal, segment } = open();
    const texts = ["first", "the second one", "third"];
    const starts: number[] = [];
    for (const text of texts) {
      starts.push(journal.offset());
      append(journal, text);
    }
    const bytes = readFileSync(segment(1));
    const [, start = 0] = starts;
    const end = start + 8 + (texts[1]?.length ?? 0);
    for (let index = start; index < end; index++) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 0x40;
      const found = scan(changed);
      expect(found.texts).not.toContain(texts[1]);
      expect(found.texts[0]).toBe(texts[0]);
      if (index < start + 4) continue;
      expect(found.texts).toEqual([texts[0], texts[2]]);
      expect(found.damaged).toBe(1);
    }
  });

  it("goes on in the next segment, one ahead of need, and says so in the one that is full", () => {
    const { journal, directory, segment } = open();
    const texts = Array.from({ length: 40 }, (_, index) => `${index}:`.padEnd(500, "x"));
    for (const text of texts) expect(append(journal, text)).toBe(true);
    expect(journal.sequence()).toBeGreaterThan(4);
    const kept: string[] = [];
    for (let sequence = 1; sequence <= journal.sequence(); sequence++) {
      const found = scan(readFileSync(segment(sequence)));
      expect(found.end).toBe(sequence < journal.sequence() ? SCAN_END.endMark : SCAN_END.nothingMore);
      kept.push(...found.texts);
    }
    expect(kept).toEqual(texts);
    const files = readdirSync(directory).filter((name) => name.endsWith(".journal")).length;
    expect(files - journal.sequence()).toBeLessThanOrEqual(1);
  });

  it("uses released segments again, and nothing of their former records shows", () => {
    const { journal, directory, segment } = open();
    for (let round = 0; round < 200; round++) {
      append(journal, `${round}:`.padEnd(100 + ((round * 37) % 400), "y"));
      const found = scan(readFileSync(segment(journal.sequence())));
      expect(found.texts.at(-1)).toMatch(new RegExp(`^${round}:`));
      expect(found.damaged).toBe(0);
      journal.release(journal.sequence(), journal.offset());
      expect(readdirSync(directory).length).toBeLessThanOrEqual(4);
    }
    expect(journal.sequence()).toBeGreaterThan(10);
    expect(journal.stats()).toMatchObject({ appended: 200, lost: 0, segments: 2 });
  });

  it("uses many at once again, each in its turn", () => {
    const { journal, segment } = open();
    const text = (round: number, index: number) => `${round}/${index}:`.padEnd(1_200, "y");
    for (let round = 0; round < 5; round++) {
      const first = { sequence: journal.sequence(), offset: journal.offset() };
      const written = Array.from({ length: 20 }, (_, index) => text(round, index));
      for (const one of written) expect(append(journal, one)).toBe(true);
      const found: string[] = [];
      for (let sequence = first.sequence; sequence <= journal.sequence(); sequence++) {
        found.push(...scan(readFileSync(segment(sequence))).texts);
      }
      expect(found.slice(-written.length)).toEqual(written);
      journal.release(journal.sequence(), journal.offset());
    }
    expect(journal.sequence()).toBeGreaterThan(30);
    expect(journal.stats()).toMatchObject({ appended: 100, lost: 0 });
    expect(journal.stats().segments).toBeLessThan(10);
  });

  it("refuses what does not fit into a segment, and goes on", () => {
    const { journal } = open();
    expect(journal.maxRecordBytes()).toBe(SEGMENT_BYTES - HEADER_BYTES - 8);
    expect(append(journal, "x".repeat(journal.maxRecordBytes() + 1))).toBe(false);
    expect(journal.stats()).toMatchObject({ appended: 0, lost: 1, failing: true });
    expect(append(journal, "x".repeat(journal.maxRecordBytes()))).toBe(true);
    expect(append(journal, "next")).toBe(true);
    expect(journal.stats()).toMatchObject({ appended: 2, lost: 1, failing: false });
  });

  it("makes no more segments than it may, and goes on at once when one was released", () => {
    const { journal } = open({ maxSegments: 2 });
    const text = "x".repeat(2_500);
    expect([append(journal, text), append(journal, text), append(journal, text)]).toEqual([true, true, false]);
    expect(journal.stats()).toMatchObject({ appended: 2, lost: 1, failing: true, error: "Disk quota exceeded" });
    journal.release(2, HEADER_BYTES);
    expect(append(journal, text)).toBe(true);
    expect(journal.stats()).toMatchObject({ appended: 3, lost: 1, failing: false, error: null });
  });

  it("opens where nothing can be written, and counts", () => {
    const directory = join(temporaryDirectory(), "file");
    writeFileSync(directory, "");
    const { journal } = open({ directory });
    expect(append(journal, "one")).toBe(false);
    expect(journal.stats()).toEqual({ appended: 0, lost: 1, segments: 0, failing: true, error: "Not a directory" });
    expect(journal.prefix()).toBe("");
  });

  it("deletes its files when all was released, and leaves them otherwise", () => {
    const { journal, directory } = open();
    append(journal, "one");
    journal.release(journal.sequence(), journal.offset());
    journal.close();
    expect(readdirSync(directory)).toEqual([]);
    expect(append(journal, "two")).toBe(false);

    const { journal: other, directory: left } = open();
    append(other, "one");
    other.close();
    expect(readdirSync(left)).toHaveLength(2);
  });

  it("is locked while it is open: only what an ended one has left can be adopted, and by one only", () => {
    const { journal, directory } = open();
    append(journal, "one");
    const path = join(directory, `${journal.prefix()}.run`);
    expect(existsSync(path)).toBe(true);
    expect(lockRun(path)).toBeNull();
    journal.close();
    const descriptor = lockRun(path);
    expect(descriptor).not.toBeNull();
    expect(lockRun(path)).toBeNull();
    closeSync(descriptor ?? -1);
    rmSync(path);
    expect(lockRun(path)).toBeNull();
  });

  it("never meets another one with the same number in a file", () => {
    const directory = temporaryDirectory();
    const journals = Array.from({ length: 20 }, () => open({ directory }).journal);
    for (const journal of journals) append(journal, "one");
    expect(new Set(journals.map((journal) => journal.prefix())).size).toBe(20);
    expect(readdirSync(directory)).toHaveLength(40);
  });

  it("refuses numbers that make no sense, and calls that make none", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "x"));
    for (const changes of [{ segmentBytes: 0 }, { segmentBytes: 5_000 }, { maxSegments: 0 }, { directory: "" }]) {
      expect(() => open({ directory, ...changes })).toThrow("a call journal needs");
    }
    const { journal } = open({ directory });
    expect(() => journal.append(Buffer.alloc(4), 2, 5)).toThrow("append needs a Buffer");
    expect(() => journal.append("text" as unknown as Buffer, 0, 1)).toThrow("append needs a Buffer");
    expect(() => journal.append.call({} as CallJournal, Buffer.alloc(4), 0, 1)).toThrow("Illegal invocation");
    expect(() => scanRecords(Buffer.alloc(4), 5, 5, { fieldCount: FIELDS, bodiesAt: 0 }, new Uint32Array(3))).toThrow(
      "scanRecords needs",
    );
  });
});
