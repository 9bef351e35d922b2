import type { MockSnapshot } from "../../../contracts/policies.ts";
import type { Context } from "../context.ts";
import type { RestService } from "../rest/rest-service.ts";
import { respondHead, respondWhole } from "../stages/respond.ts";

export interface CompiledMock {
  readonly status: number;
  /** Names and values, alternating. */
  readonly headers: readonly string[];
  /** null: there is none to be announced either (RFC 9110 §15.3.5, §15.4.5). */
  readonly body: Buffer | null;
}

export function compileMock({ status, headers, body }: MockSnapshot): CompiledMock {
  return { status, headers: headers.flat(), body: status === 204 || status === 304 ? null : Buffer.from(body) };
}

/** Answers in the upstream's place: what is said of and done to its answers holds for this one too. */
export function answerMock(context: Context, { status, headers, body }: CompiledMock, service: RestService): void {
  const answer = service.responseHeaders(headers, context);
  if (body === null) respondHead(context, status, answer, null);
  else respondWhole(context, status, answer, body);
  context.pipeline.finish(context);
}
