import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface SeenRequest {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** Parsed, where it is a JSON object; else {}. */
  body: Record<string, unknown>;
}

/** What an endpoint answers: JSON, or whatever it writes itself. */
export type EndpointAnswer = { status?: number; json: unknown } | ((response: ServerResponse) => void);

export type Endpoint = (request: SeenRequest) => EndpointAnswer;

export interface EndpointServer {
  url: string;
  requests: SeenRequest[];
  readonly last: SeenRequest;
  /** The next requests get these statuses instead. */
  fail(...statuses: number[]): void;
  close(): Promise<void>;
}

/**
 * A server of several providers' endpoints, by method and path, each of which says for itself what it accepts. `onRequest` gets
 * requests that are to be looked at while they arrive; true: it answers itself.
 */
export async function startEndpointServer(
  endpoints: Readonly<Record<string, Endpoint>>,
  onRequest: (message: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<EndpointServer> {
  const requests: SeenRequest[] = [];
  const failures: number[] = [];
  const server = createServer((message, response) => {
    if (onRequest(message, response)) return;
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const request = seen(message, Buffer.concat(chunks));
      requests.push(request);
      const status = failures.shift();
      const endpoint = endpoints[`${request.method} ${request.path}`];
      if (status !== undefined) sendJson(response, status, { error: { message: `failed with ${status}` } });
      else if (endpoint === undefined) sendJson(response, 404, { error: { message: `no ${request.path} here` } });
      else give(response, answerOf(endpoint, request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get last() {
      return requests.at(-1) as SeenRequest;
    },
    fail: (...statuses) => void failures.push(...statuses),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Thrown by an endpoint that refuses a request. */
export class Refused extends Error {}

/** Throws Refused for fields that the provider does not know, and for those that it needs and are not there. */
export function accept(
  body: Record<string, unknown>,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  for (const name of required) if (body[name] === undefined) throw new Refused(`${name} is required`);
  for (const name of Object.keys(body)) {
    if (!required.includes(name) && !optional.includes(name)) throw new Refused(`unknown field ${name}`);
  }
}

function answerOf(endpoint: Endpoint, request: SeenRequest): EndpointAnswer {
  try {
    return endpoint(request);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { status: 400, json: { error: { message: error.message, type: "invalid_request_error" } } };
  }
}

function give(response: ServerResponse, answer: EndpointAnswer): void {
  if (typeof answer === "function") answer(response);
  else sendJson(response, answer.status ?? 200, answer.json);
}

function sendJson(response: ServerResponse, status: number, json: unknown): void {
  const text = JSON.stringify(json);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

function seen(message: IncomingMessage, bytes: Buffer): SeenRequest {
  const { pathname, search } = new URL(message.url ?? "/", "http://provider");
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch {
    body = {};
  }
  return {
    method: message.method ?? "",
    path: pathname,
    query: search.slice(1),
    headers: message.headers,
    bytes,
    body: typeof body === "object" && body !== null ? { ...body } : {},
  };
}
