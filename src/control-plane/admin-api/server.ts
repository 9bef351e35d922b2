import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Logger } from "../../contracts/logger.ts";
import { METRICS_CONTENT_TYPE } from "../../platform/metrics-aggregation.ts";
import { ProblemError } from "../problem.ts";
import type { AdminBindings } from "./app.ts";
import { problemResponse } from "./problems.ts";
import type { Readiness } from "./readiness.ts";

/**
 * `in a file`: there is no database, everything is in the configuration file. `elsewhere`: this machine is a gateway, control
 * processes are on others. `unavailable`: the database can't be reached now.
 */
export type AdminApi = Hono<{ Bindings: AdminBindings }> | "in a file" | "elsewhere" | "unavailable";

export interface AdminServerOptions {
  host: string;
  port: number;
  readiness(): Readiness;
  /** Prometheus text. */
  metrics(): Promise<string>;
  api(): AdminApi;
  logger: Logger;
}

export interface AdminServer {
  /** `http://host:port`. */
  address: string;
  close(): void;
}

/** Health and metrics of the machine, and the admin API. Rejects when the address can't be opened. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const api = getRequestListener((request, { incoming }) => {
    return answerApi(options.api(), request, incoming.socket.remoteAddress ?? "");
  });
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path.startsWith("/api/")) {
      void api(request, response);
      return;
    }
    answer(options, request.method ?? "GET", path, response).catch((error: unknown) => {
      options.logger.error({ error, path }, "admin request failed");
      if (!response.headersSent) sendJson(response, 500, { error: { code: "internal_error", message: "see the log" } });
      else response.destroy();
    });
  });
  await listen(server, options.host, options.port);
  return {
    address: formatAddress(server.address()),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerApi(api: AdminApi, request: Request, remoteAddress: string): Response | Promise<Response> {
  if (api === "in a file") {
    const where = "everything is in the configuration file: change it there, or start with DATABASE_URL for a database";
    return problemResponse(new ProblemError("read_only", where));
  }
  if (api === "elsewhere") {
    return problemResponse(new ProblemError("read_only", "this machine is a gateway: ask one with the role control"));
  }
  if (api !== "unavailable") return api.fetch(request, { remoteAddress });
  const details = { retryAfterMs: 2_000 };
  return problemResponse(new ProblemError("unavailable", "the database can't be reached: try again soon", details));
}

async function answer(
  options: AdminServerOptions,
  method: string,
  path: string,
  response: ServerResponse,
): Promise<void> {
  const known = path === "/health/liveness" || path === "/health/readiness" || path === "/metrics";
  if (!known) {
    sendJson(response, 404, { error: { code: "route_not_found", message: `there is nothing at ${path}` } });
    return;
  }
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    sendJson(response, 405, { error: { code: "method_not_allowed", message: `${path} answers GET and HEAD only` } });
    return;
  }
  if (path === "/health/liveness") sendJson(response, 200, { status: "alive" });
  else if (path === "/health/readiness") {
    const readiness = options.readiness();
    sendJson(response, readiness.status === "ready" ? 200 : 503, readiness);
  } else send(response, 200, METRICS_CONTENT_TYPE, await options.metrics());
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: in a node:cluster worker the primary would otherwise open the port, and keep it after this process.
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

function formatAddress(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") return String(address);
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
