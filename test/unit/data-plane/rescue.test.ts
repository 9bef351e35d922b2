import { describe, expect, it } from "vitest";
import type { ChatEvent } from "../../../src/contracts/ir.ts";
import { markPrefix, withPrefix } from "../../../src/data-plane/pipeline/ai/rescue/answer-prefix.ts";
import { ResumedParser } from "../../../src/data-plane/pipeline/ai/rescue/resumed-parser.ts";
import { Transcript } from "../../../src/data-plane/pipeline/ai/rescue/transcript.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";

const text = (said: string): ChatEvent => ({ type: "text", choice: 0, text: said });
const thinking = (thought: string): ChatEvent => ({ type: "thinking", choice: 0, text: thought });
const signed: ChatEvent = { type: "thinking_signature", choice: 0, signature: "s" };
const call = (name: string, index = 0): ChatEvent => ({ type: "tool_call_start", choice: 0, index, id: "new", name });
const args = (json: string, index = 0): ChatEvent => ({ type: "tool_call_delta", choice: 0, index, arguments: json });
const stop: ChatEvent = { type: "finish", choice: 0, reason: "stop" };
const PREFIX = "The quick brown fox";

function transcriptOf(...events: ChatEvent[]): Transcript {
  const transcript = new Transcript(false);
  for (const event of events) transcript.note(event);
  return transcript;
}

/** What a caller who has `sent` gets of a target's `events`. */
function resumed(sent: ChatEvent[], prefix: string | null, events: ChatEvent[]): ChatEvent[] {
  const queue = [...events];
  const parser = { push: () => queue.splice(0, 1), finish: () => [] };
  const resumedParser = new ResumedParser(parser, transcriptOf(...sent), prefix);
  return events.flatMap(() => resumedParser.push({ event: "", data: "" }));
}

const textOf = (events: ChatEvent[]) => events.map((event) => (event.type === "text" ? event.text : "")).join("");

describe("an answer that is given anew", () => {
  const anew = (sent: ChatEvent[], ...events: ChatEvent[]) => resumed(sent, null, events);

  it("gives what was not sent, however it is cut", () => {
    expect(anew([text("one "), text("two")], text("on"), text("e two t"), text("hree"), stop)).toEqual([
      text(" t"),
      text("hree"),
      stop,
    ]);
    expect(anew([text("one")], text("one"), stop)).toEqual([stop]);
  });

  it.each([
    ["other words", [text("one two")], [text("one twenty")]],
    ["fewer words", [text("one two")], [text("one"), stop]],
    ["a call in the place of text", [text("one")], [call("weather")]],
    ["another call", [call("weather")], [call("time")]],
    ["other arguments", [call("weather"), args('{"city":"R')], [call("weather"), args('{"city":"B')]],
    ["more text before a call", [text("one"), call("weather")], [text("one two"), call("weather")]],
    ["other thoughts, where it broke off in them", [thinking("so")], [thinking("well")]],
  ])("is another one: %s", (_, sent, events) => {
    expect(anew(sent, ...events).at(-1)).toMatchObject({ type: "error", failure: { type: "answer_differs" } });
  });

  it("keeps calls under the ids that were sent", () => {
    const sent = [text("Let me see."), call("weather"), args('{"city":')];
    expect(anew(sent, text("Let me see."), call("weather"), args('{"ci'), args('ty":"Rome"}'), stop)).toEqual([
      args('"Rome"}'),
      stop,
    ]);
    expect(anew([call("a"), args("{}")], call("a"), args("{}"), call("b", 1), args("{}", 1))).toEqual([
      call("b", 1),
      args("{}", 1),
    ]);
  });

  it("leaves thoughts out that the caller has no place for", () => {
    expect(anew([thinking("so"), signed, text("one")], thinking("well"), signed, text("one two"))).toEqual([
      text(" two"),
    ]);
    expect(anew([thinking("so"), signed], thinking("well"), signed, text("one"))).toEqual([text("one")]);
    expect(anew([text("one")], thinking("well"), text("one two"), thinking("then"))).toEqual([
      text(" two"),
      thinking("then"),
    ]);
    expect(anew([thinking("so")], thinking("so be it"), signed, text("one"))).toEqual([
      thinking(" be it"),
      signed,
      text("one"),
    ]);
  });
});

describe("an answer that is gone on with", () => {
  const goOn = (sent: string, ...events: ChatEvent[]) => resumed([text(sent)], sent, events);

  it("gives what comes", () => {
    expect(textOf(goOn(PREFIX, text(" jumps"), text(" over"), stop))).toBe(" jumps over");
    expect(textOf(goOn("one", text("one"), stop))).toBe("one");
  });

  it("takes the blanks at the end of the beginning as sent", () => {
    expect(textOf(goOn(`${PREFIX} `, text(" jumps"), stop))).toBe("jumps");
    expect(textOf(goOn(`${PREFIX} `, text("jumps"), stop))).toBe("jumps");
  });

  it("skips a beginning that is said once more", () => {
    expect(textOf(goOn(PREFIX, text("The quick"), text(" brown fox jumps"), stop))).toBe(" jumps");
    expect(textOf(goOn(PREFIX, text("The quick"), stop))).toBe("The quick");
  });

  it("leaves thoughts out", () => {
    expect(goOn(PREFIX, thinking("well"), signed, text(" jumps"))).toEqual([text(" jumps")]);
  });
});

describe("a transcript", () => {
  it("has a beginning to go on from where there is text, and nothing but thoughts before it", () => {
    expect(transcriptOf(text("one")).prefix).toBe("one");
    expect(transcriptOf(thinking("so"), signed, text("one ")).prefix).toBe("one ");
    expect(transcriptOf(text("one"), call("weather")).prefix).toBeNull();
    expect(transcriptOf(thinking("so")).prefix).toBeNull();
  });

  it.each([
    ["several choices", { type: "text", choice: 1, text: "one" }],
    ["log probabilities", { type: "text", choice: 0, text: "one", logprobs: {} }],
    ["citations", { type: "citation", choice: 0, citation: { start: 0, end: 1, text: "o", sources: [] } }],
    ["more than is kept", text("x".repeat(1024 * 1024 + 1))],
  ] as [string, ChatEvent][])("can't be gone on with: %s", (_, event) => {
    expect(transcriptOf(text("one")).isResumable).toBe(true);
    expect(transcriptOf(text("one"), event).isResumable).toBe(false);
  });
});

describe("the beginning of an answer in a request", () => {
  const prefix = { text: "one ", prefill: { models: "" } };

  it("is the last turn, without blanks at its end", () => {
    const messages = [{ role: "user", content: "count" }];
    expect(withPrefix({ messages }, "openai", prefix)).toEqual({
      messages: [...messages, { role: "assistant", content: "one" }],
    });
    expect(withPrefix({ input: "count" }, "openai-responses", prefix)).toMatchObject({
      input: [{ role: "user", content: "count" }, { role: "assistant" }],
    });
  });

  it("is not there where the caller has given one", () => {
    const messages = [
      { role: "user", content: "count" },
      { role: "assistant", content: "Here:" },
    ];
    expect(withPrefix({ messages }, "anthropic", prefix)).toBeNull();
  });

  it.each([
    ["mistral", { messages: [{ role: "user" }, { role: "assistant", prefix: true }] }],
    ["moonshot", { messages: [{ role: "user" }, { role: "assistant", partial: true }] }],
    [
      "vllm",
      {
        messages: [{ role: "user" }, { role: "assistant" }],
        continue_final_message: true,
        add_generation_prompt: false,
      },
    ],
  ])("is marked as %s wants it", (kind, expected) => {
    const { prefill } = CATALOGUE.find((entry) => entry.kind === kind) ?? {};
    if (prefill === undefined) throw new Error(`${kind} takes no beginning`);
    const request = Buffer.from(JSON.stringify({ messages: [{ role: "user" }, { role: "assistant" }] }));
    expect(JSON.parse(markPrefix(request, "openai", { text: "one", prefill }).toString())).toEqual(expected);
  });

  it.each([
    ["claude-haiku-4-5", true],
    ["claude-sonnet-4-5-20250929", true],
    ["claude-opus-4-20250514", true],
    ["claude-3-5-haiku-latest", true],
    ["eu.anthropic.claude-haiku-4-5-20251001-v1:0", true],
    ["claude-opus-4-6", false],
    ["claude-sonnet-4-6-20260217", false],
    ["claude-opus-5", false],
    ["us.anthropic.claude-opus-4-8", false],
    ["amazon.nova-pro-v1:0", false],
  ])("%s takes it: %s", (model, takesIt) => {
    for (const kind of ["anthropic", "bedrock"]) {
      const { prefill } = CATALOGUE.find((entry) => entry.kind === kind) ?? {};
      expect(new RegExp(prefill?.models ?? "none at all").test(model)).toBe(takesIt);
    }
  });
});
