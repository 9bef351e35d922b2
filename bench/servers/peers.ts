import { join } from "node:path";
import { startNginx } from "./nginx.ts";
import type { Server } from "./server.ts";

const PROXY = `
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;`;

function upstreamBlock(upstreamPort: number): string {
  return `  upstream upstream { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; keepalive_timeout 300s; }`;
}

/** nginx that forwards and does nothing else. */
export function startPlainNginx(port: number, upstreamPort: number, directory: string): Promise<Server> {
  return startNginx(
    "nginx-plain",
    port,
    `${upstreamBlock(upstreamPort)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {${PROXY}
    }
  }`,
    directory,
  );
}

/** nginx with what it has of governance: a key map, a rate limit per key, an access log. */
export function startGovernedNginx(
  port: number,
  upstreamPort: number,
  key: string,
  directory: string,
): Promise<Server> {
  return startNginx(
    "nginx-governed",
    port,
    `${upstreamBlock(upstreamPort)}
  map_hash_bucket_size 256;
  map $http_authorization $application { default ""; "Bearer ${key}" "web"; }
  limit_req_zone $application zone=per_application:10m rate=1000000r/s;
  log_format calls '$msec $request_id $remote_addr $application "$request" $status $request_length $bytes_sent $request_time $upstream_response_time';
  server {
    listen 127.0.0.1:${port} backlog=4096;
    access_log ${join(directory, "nginx-governed", "access.log")} calls buffer=64k flush=1s;
    if ($application = "") { return 401; }
    location / {
      limit_req zone=per_application burst=100000 nodelay;${PROXY}
    }
  }`,
    directory,
  );
}
