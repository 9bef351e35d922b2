import { describe, expect, it } from "vitest";
import { AloneFile } from "../../../src/data-plane/pipeline/ai/upload/alone-file.ts";
import { type FormPart, MultipartScanner } from "../../../src/data-plane/pipeline/ai/upload/multipart-scanner.ts";

const HEAD = 'content-disposition: form-data; name="file"; filename="a"\r\n\r\n';
const field = (name: string) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nbatch\r\n`;
const formOf = (content: string, after: string) => `${field("purpose")}--b\r\n${HEAD}${content}\r\n${after}--b--\r\n`;

/** The form that goes up, of one that comes in two pieces. */
function cutOut(form: string, at: number, leftOut = ["purpose"]): string {
  const scanner = new MultipartScanner("b");
  const pieces = [Buffer.from(form.slice(0, at)), Buffer.from(form.slice(at))];
  scanner.push(pieces[0] as Buffer);
  const part = scanner.parts.find(({ name }) => name === "file") as FormPart;
  const file = new AloneFile("b", { part, fields: { purpose: "user_data" }, leftOut }, scanner);
  const first = file.take((pieces[0] as Buffer).subarray(part.headStart), part.headStart);
  scanner.push(pieces[1] as Buffer);
  const second = file.take(pieces[1] as Buffer, at);
  return Buffer.concat([file.head, first, second, file.end()]).toString();
}

describe("a file that goes up alone", () => {
  it.each(["", "abc", "\r\n--", "\r\n--a\r\n\r\n--"])("is whole wherever its form is cut: %j", (content) => {
    const mine = `--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--b\r\n${HEAD}${content}\r\n--b--\r\n`;
    for (const after of ["", field("purpose")]) {
      const form = formOf(content, after);
      const from = form.indexOf(HEAD) + HEAD.length;
      for (let at = from; at <= form.length; at++) expect(cutOut(form, at), `cut at ${at}`).toBe(mine);
    }
  });

  it("refuses what its provider has no word for, before and after it", () => {
    const form = formOf("abc", field("expires_after[seconds]"));
    const at = form.indexOf("abc");
    for (const leftOut of [[], ["purpose"]]) {
      expect(() => cutOut(form, at, leftOut)).toThrow(leftOut.length === 0 ? "`purpose`" : "`expires_after[seconds]`");
    }
  });
});
