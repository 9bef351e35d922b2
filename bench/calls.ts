import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The key of the only application, where there is only one. */
export const KEY = "tg_bench_0123456789abcdefghijklmnopqrstuvwxyz";

/** What a caller sends. */
export interface Call {
  method: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  body: string;
}

const QUESTION = "Tell me about the tides. ".repeat(35).trim();

/** An OpenAI chat completion of 1 KB. A stream reports its usage, as callers that count tokens ask for. */
export function openaiChat(model: string, isStream = false): Call {
  return post("/v1/chat/completions", {
    model,
    temperature: 0.2,
    max_tokens: 256,
    ...(isStream ? { stream: true, stream_options: { include_usage: true } } : {}),
    messages: [
      { role: "system", content: "You answer briefly." },
      { role: "user", content: QUESTION },
    ],
  });
}

/** The same as an Anthropic message: what nginx passes on where Tidegate translates. */
export function anthropicChat(model: string, isStream = false): Call {
  return post("/v1/messages", {
    model,
    max_tokens: 256,
    temperature: 0.2,
    ...(isStream ? { stream: true } : {}),
    system: "You answer briefly.",
    messages: [{ role: "user", content: QUESTION }],
  });
}

export function get(path: string): Call {
  return { method: "GET", path, headers: { authorization: `Bearer ${KEY}` }, body: "" };
}

function post(path: string, body: object): Call {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  return { method: "POST", path, headers, body: JSON.stringify(body) };
}

/** Writes a call as bytes for the load programs, and returns the path. */
export function writeRequest(call: Call, name: string, directory: string): string {
  const head = [
    `${call.method} ${call.path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...Object.entries(call.headers).map(([header, value]) => `${header}: ${value}`),
    ...(call.body === "" ? [] : [`content-length: ${Buffer.byteLength(call.body)}`]),
  ];
  const path = join(directory, `${name}.http`);
  writeFileSync(path, `${head.join("\r\n")}\r\n\r\n${call.body}`);
  return path;
}
