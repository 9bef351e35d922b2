import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DispatchHandler } from "../../../src/contracts/dispatcher.ts";
import { DecodedAnswer } from "../../../src/upstream/decoded-answer.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Long enough for several chunks. */
const TEXT = Array.from({ length: 20_000 }, (_, index) => `word ${index} `).join("");
const HEADERS = ["content-type", "text/plain", "content-encoding", "gzip"];

class Taker implements DispatchHandler {
  abort: (reason: Error) => void = () => {};
  headers: string[] = [];
  resume: () => void = () => {};
  text = "";
  /** What `onData` answers. */
  isReady = true;
  readonly ends: string[] = [];

  onStart(abort: (reason: Error) => void): void {
    this.abort = abort;
  }

  onHeaders(_status: number, headers: string[], resume: () => void): boolean {
    this.headers = headers;
    this.resume = resume;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.text += chunk.toString();
    return this.isReady;
  }

  onComplete(): void {
    this.ends.push("complete");
  }

  onError(error: Error): void {
    this.ends.push(error.message);
  }
}

function begin(taker: Taker): DecodedAnswer {
  const answer = new DecodedAnswer(taker);
  answer.onStart(() => {});
  answer.onHeaders(200, [...HEADERS], () => {});
  return answer;
}

/** All of an answer has come, and its first chunk was taken: more is not wanted yet. */
async function withFirstChunk(): Promise<Taker> {
  const taker = new Taker();
  const answer = begin(taker);
  taker.isReady = false;
  answer.onData(gzipSync(TEXT));
  answer.onComplete([]);
  await waitFor(() => taker.text.length > 0, "the first chunk");
  return taker;
}

describe("a compressed answer", () => {
  it("is given as it was, at the pace at which it is taken", async () => {
    const taker = await withFirstChunk();
    expect(taker.headers).toEqual(["content-type", "text/plain"]);
    const first = taker.text.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect([taker.text.length, taker.ends]).toEqual([first, []]);
    taker.isReady = true;
    taker.resume();
    await waitFor(() => taker.ends.length > 0, "the end");
    expect(taker.ends).toEqual(["complete"]);
    expect(taker.text).toBe(TEXT);
  });

  it("is over once it is given up, though all of it has come", async () => {
    const taker = await withFirstChunk();
    taker.abort(new Error("the caller left"));
    expect(taker.ends).toEqual(["the caller left"]);
    taker.resume();
    await new Promise((resolve) => setImmediate(resolve));
    expect(taker.ends).toHaveLength(1);
  });

  it("fails where it is cut, or no such thing", async () => {
    for (const bytes of [gzipSync(TEXT).subarray(0, 1000), Buffer.from("plain")]) {
      const taker = new Taker();
      const answer = begin(taker);
      answer.onData(bytes);
      answer.onComplete([]);
      await waitFor(() => taker.ends.length > 0, "the end");
      expect(taker.ends).toEqual([expect.stringContaining("can't be read")]);
    }
  });
});
