import { expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import type { Context } from "../../../src/data-plane/pipeline/context.ts";
import { OpenEventStreams } from "../../../src/data-plane/pipeline/mcp/open-streams.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const refusal = new GatewayError("subscription_revoked", "gone");

function streamsOf(count: number): { streams: OpenEventStreams; contexts: Context[]; ended: Context[] } {
  const streams = new OpenEventStreams();
  const ended: Context[] = [];
  const fail = (context: Context) => {
    ended.push(context);
    streams.delete(context);
  };
  const contexts = Array.from({ length: count }, (_, index) => {
    const application = { number: Buffer.from([index % 2]) };
    const terms = { credential: null, subscription: null, tokenExpiresAtMs: Number.POSITIVE_INFINITY };
    return { pipeline: { fail }, application, startedAtMs: 0, ...terms } as unknown as Context;
  });
  for (const context of contexts) streams.add(context);
  return { streams, contexts, ended };
}

it("looks at very many streams a few at a time, and at those of changed applications alone", async () => {
  const { streams, contexts, ended } = streamsOf(1_000);
  streams.recheck(() => refusal, [Buffer.from([1])]);
  expect(ended.length).toBe(200);
  await waitFor(() => ended.length === 500, "the others");
  expect(ended).toEqual(contexts.filter((_, index) => index % 2 === 1));
});

it("goes by what holds last, and lets go of the snapshot that a stream began with", async () => {
  const { streams, contexts, ended } = streamsOf(500);
  streams.recheck(() => refusal, null);
  const next = { fail() {} } as unknown as Context["pipeline"];
  streams.recheck((context) => ({ ...context, pipeline: next }) as Context, null);
  await waitFor(() => contexts.filter(({ pipeline }) => pipeline === next).length === 300, "all of them");
  expect(ended.length).toBe(200);
});
