import type { AnswerContext } from "../../../contracts/dialect.ts";
import { type ErrorCode, GatewayError, type ProviderFailure } from "../../../contracts/errors.ts";
import type { InboundName } from "../../../dialects/index.ts";
import { type RequestFeatures, readFeatures } from "./routing/request-features.ts";
import {
  type BuiltCall,
  buildCall,
  type CallPlan,
  type InspectedRequest,
  inspectRequest,
  parseBody,
  type TranslatedAnswer,
  translateAnswer,
} from "./translation.ts";

/** The work of workers/tasks/translate.ts: one parse of a large body per task, nothing kept between tasks. */
export type TranslateTask =
  | { kind: "inspect"; bytes: Uint8Array; inbound: InboundName }
  | { kind: "features"; bytes: Uint8Array; inbound: InboundName }
  | { kind: "build"; bytes: Uint8Array; plan: CallPlan }
  | {
      kind: "answer";
      bytes: Uint8Array;
      encodingFormat: InspectedRequest["encodingFormat"];
      plan: CallPlan;
      passthrough: boolean;
      context: AnswerContext;
    };

export type TranslateResult = InspectedRequest | RequestFeatures | BuiltCall | TranslatedAnswer;

/** A class does not survive the way between threads; this does. */
export interface SerializedError {
  code: ErrorCode;
  message: string;
  param: string | null;
  provider: ProviderFailure | null;
}

export function runTranslateTask(task: TranslateTask): { result: TranslateResult } | { error: SerializedError } {
  try {
    return { result: run(task) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { code, message, param, provider } = error;
    return { error: { code, message, param, provider } };
  }
}

function run(task: TranslateTask): TranslateResult {
  const bytes = Buffer.from(task.bytes.buffer, task.bytes.byteOffset, task.bytes.byteLength);
  switch (task.kind) {
    case "inspect":
      return inspectRequest(parseBody(bytes), task.inbound);
    case "features":
      return readFeatures(parseBody(bytes), task.inbound);
    case "build":
      return buildCall(parseBody(bytes), task.plan);
    case "answer":
      return translateAnswer(bytes, task.encodingFormat, task.plan, task.passthrough, task.context);
  }
}
