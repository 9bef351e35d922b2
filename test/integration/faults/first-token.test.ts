import { describe, expect, it } from "vitest";
import { useFaults } from "../../helpers/faults.ts";
import { ask, failWith, isWhole, SAID, textOf } from "../../helpers/model-route.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";

const faults = useFaults(`
  - name: failover
    targets: [{ provider: openai, model: gpt-4o-mini }, { provider: anthropic, model: claude-haiku-4-5 }]
    circuit_breaker: { failures: 0 }
  - name: failover-back
    targets: [{ provider: anthropic, model: claude-haiku-4-5 }, { provider: openai, model: gpt-4o-mini }]
    circuit_breaker: { failures: 0 }
  - name: timed
    targets:
      - { provider: openai, model: gpt-4o-mini, timeouts: { first_token: 200ms } }
      - { provider: anthropic, model: claude-haiku-4-5 }
    circuit_breaker: { failures: 0 }
  - name: paced
    targets: [{ provider: anthropic, model: claude-haiku-4-5, timeouts: { between_tokens: 250ms } }]
    retries: { attempts: 0 }
    circuit_breaker: { failures: 0 }
  - name: bounded
    targets:
      - { provider: openai, model: gpt-4o-mini, timeouts: { total: 200ms } }
      - { provider: anthropic, model: claude-haiku-4-5 }
    circuit_breaker: { failures: 0 }
`);

/** Ends with an error before anything of the answer was said. */
function headThenError(afterEvents: number): Behaviour {
  return { kind: "error-event", afterEvents };
}

describe("a stream that says who speaks, and then fails", () => {
  it.each(["openai", "anthropic"] as const)("goes to another target, for a caller of %s", async (inbound) => {
    // More than once: calls of a kind that is known are carried by other code.
    for (let call = 0; call < 3; call++) {
      for (const [model, first, other, head] of [
        ["failover", "openai", "anthropic", 1],
        // message_start, and the start of a block.
        ["failover-back", "anthropic", "openai", 2],
      ] as const) {
        for (const behaviour of [headThenError(head), { kind: "cut-stream", afterEvents: head } as const]) {
          faults.providers[first].reset();
          faults.providers[other].reset();
          faults.providers[first].behave(behaviour);
          const { text, record } = await ask(faults.at, { inbound, stream: true, fields: { model } });
          expect(textOf(text, inbound)).toBe(SAID);
          expect(isWhole(text, inbound)).toBe(true);
          expect(record).toMatchObject({ provider: other, attempts: 2, outcome: "ok", errorCode: null });
          expect(JSON.parse(record.otherAttempts ?? "")).toMatchObject([{ provider: first, outcome: "failed" }]);
        }
      }
    }
  });
});

describe("timeouts of a target", () => {
  it.each(["openai", "anthropic"] as const)(
    "first_token: another target is asked, for a caller of %s",
    async (inbound) => {
      faults.providers.openai.behave({ kind: "stall-stream", afterEvents: 1 });
      const { text, record } = await ask(faults.at, { inbound, stream: true, fields: { model: "timed" } });
      expect(textOf(text, inbound)).toBe(SAID);
      expect(isWhole(text, inbound)).toBe(true);
      expect(record).toMatchObject({ provider: "anthropic", attempts: 2, outcome: "ok" });
      const [first] = JSON.parse(record.otherAttempts ?? "[]");
      expect(first).toMatchObject({ provider: "openai", error: "upstream_first_token_timeout" });
      // Of a whole answer no token can be seen: its first byte is another matter.
      expect((await ask(faults.at, { inbound, fields: { model: "timed" } })).record).toMatchObject({ attempts: 1 });
    },
  );

  it("between_tokens: bytes that are no tokens don't count", async () => {
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
    const events = [
      'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","model":"claude-haiku-4-5","usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"one"}}\n\n',
    ];
    for (const inbound of ["openai", "anthropic"] as const) {
      faults.providers.anthropic.behave({
        kind: "events",
        events: [...events, ...Array(60).fill(ping)],
        intervalMs: 50,
      });
      const { text, record } = await ask(faults.at, { inbound, stream: true, fields: { model: "paced" } });
      expect(textOf(text, inbound)).toBe("one");
      expect(isWhole(text, inbound)).toBe(false);
      expect(record).toMatchObject({ errorCode: "upstream_idle_timeout", outcome: "upstream_cut" });
      expect(record.totalMs).toBeLessThan(2000);
    }
  });

  it("total: of an attempt, after which another one is made", async () => {
    faults.providers.openai.behave({ kind: "delay", ms: 5000 });
    const { text, record } = await ask(faults.at, { fields: { model: "bounded" } });
    expect(JSON.parse(text).choices[0].message.content).toBe(SAID);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
    const [first] = JSON.parse(record.otherAttempts ?? "[]");
    expect(first).toMatchObject({ provider: "openai", error: "upstream_attempt_timeout" });
    expect(record.totalMs).toBeLessThan(4000);
  });
});

describe("what a model will not take", () => {
  const tooLong: Behaviour = {
    kind: "status",
    status: 400,
    body: {
      error: {
        message: "This model's maximum context length is 128000 tokens.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    },
  };

  it("is asked of another model, if it is too long", async () => {
    faults.providers.openai.behave(tooLong);
    const { text, record } = await ask(faults.at, { fields: { model: "failover" } });
    expect(JSON.parse(text).choices[0].message.content).toBe(SAID);
    expect(faults.providers.openai.requests).toHaveLength(1);
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
  });

  it("is not asked of another one without being told to, if it was filtered", async () => {
    faults.providers.openai.behave(
      failWith(400, "The response was filtered due to Azure's content management policy."),
    );
    const { status, record } = await ask(faults.at, { fields: { model: "failover" } });
    expect(status).toBe(400);
    expect(record).toMatchObject({ provider: "openai", attempts: 1, errorCode: "provider_error" });
    expect(faults.providers.anthropic.requests).toHaveLength(0);
  });
});
