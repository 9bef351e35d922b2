import { z } from "zod";
import { AI_TIMEOUTS, timeoutFields } from "./common.ts";
import { fieldNotes, scalar } from "./notes.ts";
import { duration, parseDuration, positiveDuration } from "./scalars.ts";

/** What a model route says of slow and broken answers, besides retries and circuit breakers. */

const FIRST_TOKEN =
  "Of a stream: from the request being sent to the first token, whatever events come before it. 0: no limit.";
const BETWEEN_TOKENS =
  "Of a stream: longest time between two tokens, whatever events come in between (`idle` counts any byte). 0: no limit.";

/** Of a model route or a provider. */
export const modelTimeouts = z
  .strictObject({
    ...timeoutFields(AI_TIMEOUTS),
    first_token: duration.prefault("0").describe(FIRST_TOKEN),
    between_tokens: duration.prefault("0").describe(BETWEEN_TOKENS),
  })
  .prefault({})
  .describe("How long each step of a call may take.");

const THE_ROUTES = { shownDefault: "the route's" };

/** Of one target: what is not given is the route's. */
export const targetTimeouts = z
  .strictObject({
    connect: positiveDuration
      .optional()
      .describe("Longest time for the connection to the provider.")
      .register(fieldNotes, THE_ROUTES),
    first_byte: duration
      .optional()
      .describe("From the request being sent to the first byte of the response head. 0: no limit.")
      .register(fieldNotes, THE_ROUTES),
    idle: duration
      .optional()
      .describe("Longest silence within the answer. 0: no limit.")
      .register(fieldNotes, THE_ROUTES),
    first_token: duration.optional().describe(FIRST_TOKEN).register(fieldNotes, THE_ROUTES),
    between_tokens: duration.optional().describe(BETWEEN_TOKENS).register(fieldNotes, THE_ROUTES),
    total: duration
      .optional()
      .describe("One attempt at this target, from its beginning to the end of the answer. 0: no limit but the route's.")
      .register(fieldNotes, { shownDefault: "`0`" }),
  })
  .optional()
  .describe("Timeouts of attempts at this target, over those of the route.")
  .register(fieldNotes, THE_ROUTES);

export const prefill = z
  .boolean()
  .optional()
  .describe(
    "Whether the model goes on from a beginning of its answer that is sent along as the last message: see `on_broken_stream`.",
  )
  .register(fieldNotes, { shownDefault: "the catalogue's" });

export const onBrokenStream = z
  .enum(["error", "continue", "restart"])
  .prefault("error")
  .describe(
    "What becomes of a stream that is cut, falls silent, is malformed or ends too early after tokens were sent. `continue`: another target goes on from there, where it takes the text so far (`prefill`); else as `restart`. `restart`: another target answers anew, and what was sent is skipped if it begins with exactly that. Where neither is possible, and with `error`: an error in the stream. [routing.md](routing.md#broken-streams)",
  );

/** A percentile of the target's own times, or a fixed time. */
const hedgeDelay = scalar<{ percentile: number } | { ms: number }>({
  type: "percentile or duration",
  expected: "a percentile from p50 to p99.9 such as p95, or a duration such as 800ms, above 0",
  parse: (value) => {
    const [, digits] = (typeof value === "string" && /^p(\d{2}(?:\.\d)?)$/.exec(value)) || [];
    if (digits === undefined) {
      const ms = parseDuration(value);
      return ms === undefined || ms === 0 ? undefined : { ms };
    }
    return Number(digits) >= 50 ? { percentile: Number(digits) } : undefined;
  },
});

const share = scalar({
  type: "percentage",
  expected: "a percentage above 0% and up to 100%, such as 5%",
  parse: (value) => {
    const [, digits] = (typeof value === "string" && /^(\d{1,3}(?:\.\d+)?)%$/.exec(value)) || [];
    const percent = Number(digits);
    return percent > 0 && percent <= 100 ? percent / 100 : undefined;
  },
});

export const hedging = z
  .strictObject({
    after: hedgeDelay
      .prefault("p95")
      .describe(
        "How long the first token (of a whole answer: the answer) is waited for: a percentile of the times that the target itself took of late (until 20 are known, nothing is hedged), or a fixed time.",
      ),
    min_delay: duration.prefault("100ms").describe("With a percentile: never sooner than this."),
    max_share: share.prefault("5%").describe("Of the route's calls on a worker: how many may be asked twice, at most."),
  })
  .optional()
  .describe(
    "Asks a second target when the first one is slow to answer; whichever answers first is passed on, and the other is cancelled. [routing.md](routing.md#hedging)",
  )
  .register(fieldNotes, { shownDefault: "nothing is hedged" });
