import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { startNginx } from "./nginx.ts";
import type { Server } from "./server.ts";

const PROXY = `
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;`;

function upstreamBlock(upstreamPort: number): string {
  return `  upstream upstream { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; keepalive_timeout 300s; }`;
}

export interface PlainNginxOptions {
  name?: string;
  /** Further directives of the location. */
  directives?: string;
  /** 1 by default; each listens by itself, as Tidegate's do. */
  workers?: number;
}

/** nginx that forwards and does nothing else. */
export async function startPlainNginx(
  upstreamPort: number,
  directory: string,
  { name = "nginx-plain", directives = "", workers = 1 }: PlainNginxOptions = {},
): Promise<Server> {
  const port = await freePort();
  const http = `${upstreamBlock(upstreamPort)}
  server {
    listen 127.0.0.1:${port} backlog=4096${workers > 1 ? " reuseport" : ""};
    location / {${PROXY}
      ${directives}
    }
  }`;
  return startNginx(name, port, http, directory, workers);
}

/** nginx with what it has of governance: a key map, a rate limit per key, an access log. */
export async function startGovernedNginx(upstreamPort: number, key: string, directory: string): Promise<Server> {
  const name = "nginx-governed";
  const port = await freePort();
  const http = `${upstreamBlock(upstreamPort)}
  map_hash_bucket_size 256;
  map $http_authorization $application { default ""; "Bearer ${key}" "web"; }
  limit_req_zone $application zone=per_application:10m rate=1000000r/s;
  log_format calls '$msec $request_id $remote_addr $application "$request" $status $request_length $bytes_sent $request_time $upstream_response_time';
  server {
    listen 127.0.0.1:${port} backlog=4096;
    access_log ${join(directory, name, "access.log")} calls buffer=64k flush=1s;
    if ($application = "") { return 401; }
    location / {
      limit_req zone=per_application burst=100000 nodelay;${PROXY}
    }
  }`;
  return startNginx(name, port, http, directory);
}
