import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundaryOf,
  type FormPart,
  MultipartScanner,
} from "../../../src/data-plane/pipeline/ai/upload/multipart-scanner.ts";
import { runs } from "../../helpers/property-runs.ts";

/** The parts of a body that comes in pieces of these sizes, over and over. */
function scan(body: Buffer, sizes: readonly number[]): { parts: FormPart[]; isWhole: boolean } {
  const scanner = new MultipartScanner("b");
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    scanner.push(body.subarray(at, at + size));
    at += size;
  }
  return scanner;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  // What looks like the beginning of a delimiter.
  fc.constantFrom("\r\n", "\r\n--", "--b", "\r\n-", "\r", "\r\n\r\n").map((text) => Buffer.from(text)),
);
const part = fc.record({ name: fc.constantFrom("model", "file", "a b"), isFile: fc.boolean(), bytes });

describe("MultipartScanner", () => {
  it("finds parts where they are, however a body is cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), sizes, fc.boolean(), (parts, cuts, hasPreamble) => {
        const pieces: Buffer[] = [Buffer.from(hasPreamble ? "before\r\n" : "")];
        for (const { name, isFile, bytes: value } of parts) {
          const file = isFile ? '; filename="x.bin"' : "";
          pieces.push(Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\nX-A: 1\r\n\r\n`));
          pieces.push(Buffer.from(value), Buffer.from("\r\n"));
        }
        const body = Buffer.concat([...pieces, Buffer.from("--b--\r\nafter")]);
        fc.pre(!parts.some(({ bytes: value }) => Buffer.concat([Buffer.from("\r\n"), value]).includes("\r\n--b")));
        const found = scan(body, cuts);
        expect(found.isWhole).toBe(true);
        expect(
          found.parts.map(({ name, fileName, start, end }) => [name, fileName, body.subarray(start, end)]),
        ).toEqual(parts.map(({ name, isFile, bytes: value }) => [name, isFile ? "x.bin" : null, Buffer.from(value)]));
      }),
      { numRuns: runs(100) },
    );
  });

  it.each([
    ["a part without a name", "--b\r\ncontent-type: text/plain\r\n\r\nx\r\n--b--"],
    ["a boundary with something behind it", "--b x\r\n\r\n"],
    ["a name that is told twice", '--b\r\ncontent-disposition: form-data; name="x"; name="model"\r\n\r\nx\r\n--b--'],
    ["a name in two forms", "--b\r\ncontent-disposition: form-data; name=\"x\"; name*=utf-8''model\r\n\r\nx\r\n--b--"],
    ["a name with escapes", '--b\r\ncontent-disposition: form-data; name="mo\\\\del"\r\n\r\nx\r\n--b--'],
    [
      "a part with two dispositions",
      '--b\r\ncontent-disposition: form-data; name="x"\r\ncontent-disposition: form-data; name="model"\r\n\r\nx\r\n--b--',
    ],
    ["a folded head", '--b\r\ncontent-disposition: form-data; name="x";\r\n name="model"\r\n\r\nx\r\n--b--'],
    ["a head without an end", `--b\r\n${"x".repeat(20_000)}`],
  ])("refuses %s", (_what, body) => {
    expect(() => scan(Buffer.from(body), [7])).toThrow(/not a readable multipart/);
  });

  it("reads names of files that hold what looks like a name", () => {
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a; name=b.txt"\r\n\r\nx\r\n--b--';
    expect(scan(Buffer.from(head), [7]).parts).toMatchObject([{ name: "file", fileName: "a; name=b.txt" }]);
  });

  it("reads boundaries, quoted or not", () => {
    expect(boundaryOf("multipart/form-data; boundary=abc")).toBe("abc");
    expect(boundaryOf('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe("a b");
    expect(boundaryOf("application/json")).toBe(null);
    expect(() => boundaryOf("multipart/form-data; charset=utf-8")).toThrow(/boundary/);
  });
});
