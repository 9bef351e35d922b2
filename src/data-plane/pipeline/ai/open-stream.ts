import type { DialectName } from "../../../contracts/ir.ts";
import { outboundDialects, passthroughs } from "../../../dialects/index.ts";
import type { AiAttempt } from "./ai-attempt.ts";
import type { AttemptLoop } from "./attempt-loop.ts";
import { RescuablePassthrough } from "./rescue/rescuable-passthrough.ts";
import { ResumedParser } from "./rescue/resumed-parser.ts";
import type { StreamRescue } from "./rescue/stream-rescue.ts";
import { Transcript } from "./rescue/transcript.ts";
import { RenamedStream } from "./stored/answer-ids.ts";
import { PassthroughStream, type StreamAnswer, TranslatedStream } from "./stream-answer.ts";

/** Where an attempt's stream goes through on its way to the caller. `dialect`: the provider's. */
export function openStream(call: AttemptLoop, attempt: AiAttempt, dialect: DialectName): StreamAnswer {
  if (call.rescue !== null) return openRescued(call, call.rescue, attempt, dialect);
  const { includeUsage } = call.request;
  const { framing } = outboundDialects[dialect];
  if (attempt.built.passthrough) {
    const watcher = passthroughs[dialect]?.createUsageWatcher(includeUsage);
    if (watcher !== undefined) {
      return named(call, attempt, new PassthroughStream(watcher, framing));
    }
  }
  const parser = outboundDialects[dialect].createStreamParser(attempt.target.target);
  return new TranslatedStream(parser, attempt.createFormatter(), framing);
}

/** With the caller's ids, where there are any. */
function named(call: AttemptLoop, attempt: AiAttempt, stream: StreamAnswer): StreamAnswer {
  const ids = call.answerIds(attempt);
  return ids === null ? stream : new RenamedStream(stream, ids);
}

/** Likewise, of a call whose streams are rescued: what goes to the caller is kept. */
function openRescued(call: AttemptLoop, rescue: StreamRescue, attempt: AiAttempt, dialect: DialectName): StreamAnswer {
  const { includeUsage } = call.request;
  const { framing } = outboundDialects[dialect];
  const parser = outboundDialects[dialect].createStreamParser(attempt.target.target);
  if (rescue.isBroken && rescue.formatter !== null) {
    const resumed = new ResumedParser(parser, rescue.transcript, attempt.built.prefix ?? null);
    rescue.resume(resumed);
    return new TranslatedStream(resumed, rescue.counting(rescue.formatter), framing, rescue.transcript);
  }
  const watcher = attempt.built.passthrough ? passthroughs[dialect]?.createUsageWatcher(includeUsage) : undefined;
  // Calls come whole in Gemini's streams, and its formatter gathers them: it can't be brought up to the middle of some.
  const transcript = new Transcript(watcher !== undefined, watcher === undefined || dialect !== "gemini");
  if (watcher !== undefined) {
    // Items have ids there, which are the provider's own: nobody else can go on with them.
    if (dialect === "openai-responses") transcript.giveUp();
    attempt.opened = { transcript, formatter: null, elements: null };
    return named(call, attempt, new RescuablePassthrough(watcher, parser, transcript, framing));
  }
  const formatter = attempt.createFormatter();
  attempt.opened = { transcript, formatter, elements: null };
  return new TranslatedStream(parser, formatter, framing, transcript);
}
