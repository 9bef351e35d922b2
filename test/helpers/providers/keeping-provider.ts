import type { ServerResponse } from "node:http";
import { type Endpoint, Refused, type SeenRequest } from "./endpoint-server.ts";
import { type FilesProvider, startFilesProvider } from "./files-provider.ts";

/** Longer than any second target is waited with. */
const SLOW_MS = 100;

/**
 * OpenAI's files, chats and answers at one provider: a request that names a file that is not kept here is refused, wherever it is named.
 * `first`: see startFilesProvider. Chats with the model `slow` take their time, and streams of the model `cut` end too early.
 */
export function startKeepingProvider(first: number): Promise<FilesProvider> {
  return startFilesProvider((files) => {
    const checked =
      (answer: (request: SeenRequest) => ReturnType<Endpoint>): Endpoint =>
      (request) => {
        for (const id of namedFiles(request.body)) {
          if (!files.has(id)) throw new Refused(`No such File object: ${id}`);
        }
        return answer(request);
      };
    return {
      "POST /v1/chat/completions": checked(answerChat),
      "POST /v1/responses": checked(answerResponse),
      "POST /v1/images/edits": checked(() => ({ json: { created: 1, data: [{ b64_json: "UE5H" }] } })),
      "POST /v1/responses/input_tokens": checked(() => ({
        json: { object: "response.input_tokens", input_tokens: 17 },
      })),
    };
  }, first);
}

/** All that a request names, in texts as well: an id of somebody else's is to be nowhere. */
export function namedFiles(body: unknown): string[] {
  const found: string[] = [];
  const look = (value: unknown, name: string) => {
    if (typeof value === "string" && (name === "file_id" || name === "file_ids")) found.push(value);
    else if (Array.isArray(value)) for (const one of value) look(one, name);
    else if (typeof value === "object" && value !== null) {
      for (const [member, one] of Object.entries(value)) look(one, member);
    }
  };
  look(body, "");
  return found;
}

function answerChat({ body }: SeenRequest): ReturnType<Endpoint> {
  const common = { id: "chatcmpl-1", created: 1, model: body.model };
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
  if (body.stream !== true) {
    const message = { role: "assistant", content: "read it", refusal: null };
    const choices = [{ index: 0, message, finish_reason: "stop", logprobs: null }];
    const json = { ...common, object: "chat.completion", choices, usage };
    return body.model === "slow" ? (response) => void setTimeout(() => endJson(response, json), SLOW_MS) : { json };
  }
  const chunk = (delta: object, reason: string | null) => {
    const choices = [{ index: 0, delta, finish_reason: reason }];
    return `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices })}\n\n`;
  };
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", content: "read " }, null));
    response.write(chunk({ content: "it" }, null));
    if (body.model === "cut") {
      response.end();
      return;
    }
    response.write(chunk({}, "stop"));
    response.end("data: [DONE]\n\n");
  };
}

function endJson(response: ServerResponse, json: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(json));
}

function answerResponse({ body }: SeenRequest): ReturnType<Endpoint> {
  const text = { type: "output_text", text: "read it", annotations: [] };
  const message = { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [text] };
  const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7 };
  const about = { id: "resp_1", object: "response", created_at: 1, model: body.model, status: "completed" };
  return { json: { ...about, previous_response_id: null, output: [message], usage } };
}
