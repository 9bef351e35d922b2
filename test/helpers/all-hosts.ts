import { DispatcherRegistry } from "../../src/upstream/dispatcher-registry.ts";
import { type SeenRequest, startUpstream, type TestUpstream, type UpstreamHandler } from "./upstream.ts";

export interface AllHosts {
  upstream: TestUpstream;
  requests: SeenRequest[];
  /** `https://host/path?query` as it would have been asked for. */
  urlOf(request: SeenRequest): string;
  close(): Promise<void>;
}

/** One server that takes all requests of gateways started from now on, to whatever host they go. */
export async function startAllHosts(handler: UpstreamHandler): Promise<AllHosts> {
  const upstream = await startUpstream(handler);
  const originsByHost = new Map<string, string>();
  const { get } = DispatcherRegistry.prototype;
  DispatcherRegistry.prototype.get = function (options) {
    originsByHost.set(new URL(options.origin).host, options.origin);
    return get.call(this, { ...options, origin: upstream.url });
  };
  return {
    upstream,
    requests: upstream.requests,
    urlOf: ({ headers, url }) => `${originsByHost.get(headers.host ?? "") ?? "?"}${url}`,
    async close() {
      DispatcherRegistry.prototype.get = get;
      await upstream.close();
    },
  };
}

/** Answers every call of a model, in the dialect that its path is of. */
export const answerAnyModel: UpstreamHandler = ({ url }, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answerAt(url)));
};

function answerAt(url: string): object {
  if (url.includes("/embeddings")) {
    const data = [{ object: "embedding", index: 0, embedding: [0.5] }];
    return { object: "list", model: "model-1", data, usage: { prompt_tokens: 1, total_tokens: 1 } };
  }
  if (url.includes(":generateContent")) {
    const candidates = [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP", index: 0 }];
    return { candidates, usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } };
  }
  if (url.endsWith("/converse")) {
    const output = { message: { role: "assistant", content: [{ text: "Hi" }] } };
    return { output, stopReason: "end_turn", usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } };
  }
  if (url.endsWith("/messages")) {
    const content = [{ type: "text", text: "Hi" }];
    const usage = { input_tokens: 1, output_tokens: 1 };
    return {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "model-1",
      content,
      stop_reason: "end_turn",
      usage,
    };
  }
  if (url.endsWith("/v2/chat")) {
    const message = { role: "assistant", content: [{ type: "text", text: "Hi" }] };
    return {
      id: "chat_1",
      message,
      finish_reason: "COMPLETE",
      usage: { billed_units: { input_tokens: 1, output_tokens: 1 } },
    };
  }
  const choices = [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  return { id: "chat_1", object: "chat.completion", created: 1, model: "model-1", choices, usage };
}
