import { z } from "zod";
import { CONTENT_KINDS } from "../../contracts/model-routing.ts";
import { modelTarget, stickTo, strategy } from "./model-target.ts";
import { fieldNotes, scalar } from "./notes.ts";
import { headerName, integer, name, percent, positiveDuration, text } from "./scalars.ts";

/** Rules, canary and mirror of a model route. */

/** One text, or a list of them. */
function texts(expected: string, pattern: RegExp) {
  return scalar<string[]>({
    type: "text or list",
    expected,
    parse(value) {
      const list: unknown[] = Array.isArray(value) ? value : [value];
      const isGood = list.length > 0 && list.every((one) => typeof one === "string" && pattern.test(one));
      return isGood ? (list as string[]) : undefined;
    },
  });
}

const ONE_LINE = /^[^\p{Cc}]{1,200}$/u;
const values = texts("a text, or a list of texts, of 1 to 200 characters each", ONE_LINE);
export const modelPattern = /^[^\s\p{Cc}*]{1,200}\*?$|^\*$/u;
const modelNames = texts("a model's name, which may end in `*`, or a list of such", modelPattern);
const ids = texts("an id, or a list of ids", /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

const when = z
  .strictObject({
    model: modelNames
      .optional()
      .describe(
        "The name that the caller gave: the route's own or one of its `aliases`; a final `*` stands for any rest.",
      ),
    headers: z
      .record(headerName, values)
      .optional()
      .describe('Headers and their values, one or a list; `"*"` stands for any value.'),
    metadata: z
      .record(name, values)
      .optional()
      .describe(
        "Labels of the request and their values, as with `headers`: `metadata` of OpenAI's callers and of Anthropic's (`user_id`), `labels` of Gemini's, `requestMetadata` of Bedrock's.",
      ),
    input_tokens: z
      .strictObject({
        min: integer(0).prefault(0).describe("At least so many."),
        max: integer(0).optional().describe("At most so many.").register(fieldNotes, { shownDefault: "no limit" }),
      })
      .optional()
      .describe(
        "Estimated tokens of the input: a token for four bytes of text; images, audio and documents count nothing.",
      ),
    content: z
      .array(z.enum(CONTENT_KINDS))
      .min(1)
      .optional()
      .describe("What the request holds, one of the list: media in its messages, tools, or a demand for JSON."),
    stream: z.boolean().optional().describe("Whether a stream is asked for."),
    application: ids.optional().describe("Ids of calling applications, one or a list."),
    team: ids.optional().describe("Ids of their teams, one or a list."),
  })
  .describe("What calls it is for: all that is said must hold.");

const destination = {
  model: text("model name", "a model's name", /^[^\s\p{Cc}]{1,200}$/u)
    .optional()
    .describe("Another model route, or `provider/model`: calls go where calls of that name go. Or else `targets`."),
  strategy: strategy
    .optional()
    .describe("Of the `targets`, as that of the route.")
    .register(fieldNotes, { shownDefault: "`failover`" }),
  stick_to: stickTo,
  targets: z
    .array(modelTarget)
    .min(1)
    .optional()
    .describe("Targets, with the timeouts, retries and circuit breaker of the route. Or else `model`."),
} as const;

export const rule = z
  .strictObject({
    name: text("text", "a text of 1 to 64 characters", /^[^\p{Cc}]{1,64}$/u)
      .optional()
      .describe("For the call log and `tidegate explain`.")
      .register(fieldNotes, { shownDefault: "its number, from 1" }),
    when,
    ...destination,
  })
  .describe("A rule.");

const canaryHeader = z.strictObject({
  name: headerName.describe("Name of the header."),
  value: text("text", "a header value: one line of visible characters", /^[!-~](?:[ -~]{0,198}[!-~])?$/).describe(
    "Its value; upper and lower case differ.",
  ),
});

export const canary = z
  .strictObject({
    percent: percent.prefault(0).describe("Share of the calls that no rule takes. 0: only those with the header."),
    header: canaryHeader
      .nullable()
      .prefault(null)
      .describe("Calls with this header go to the canary whatever the share; null: no header does that."),
    sticky: z
      .boolean()
      .prefault(true)
      .describe("An application (or a caller without one, by address) stays on one side."),
    ...destination,
  })
  .describe("Other targets on trial that get some of the calls.");

export const mirror = z
  .strictObject({
    percent: scalar({
      type: "percentage",
      expected: "a number above 0 and up to 100",
      parse: (value) => (typeof value === "number" && value > 0 && value <= 100 ? value : undefined),
    })
      .prefault(100)
      .describe("Share of the calls of which a copy is made, above 0."),
    timeout: positiveDuration.prefault("60s").describe("How long a copy may take."),
    ...destination,
  })
  .describe(
    "Makes copies of calls at other targets and drops their answers; what they use and cost is in the call log. A call neither waits for its copy nor fails with it.",
  );
