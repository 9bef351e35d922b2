import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importNginx } from "../../../src/snapshot/importers/nginx/import-nginx.ts";
import { renderYaml } from "../../../src/snapshot/importers/render.ts";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { type NginxProcess, startNginx } from "../../helpers/nginx.ts";
import { freePorts } from "../../helpers/ports.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { type SeenRequest, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/**
 * One nginx.conf, served by nginx itself and, imported, by Tidegate, in front of one upstream: it must see the same.
 */
const configuration = (directory: string, port: number, upstream: number) => `
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;

  upstream backend { server 127.0.0.1:${upstream}; keepalive 8; }
  limit_req_zone $binary_remote_addr zone=few:1m rate=1r/m;

  server {
    listen 127.0.0.1:${port} default_server;
    server_name main.example.com alias.example.com;
    client_max_body_size 1k;
    proxy_set_header X-From-Server "main";

    location / { proxy_pass http://127.0.0.1:${upstream}; }
    location /plain/ { proxy_pass http://backend; }
    location /named/ { proxy_pass http://backend/remote/; }
    location /rooted/ { proxy_pass http://backend/; }
    location /bare { proxy_pass http://backend/other; }
    location /same { proxy_pass http://backend/same; }
    location = /only { proxy_pass http://backend/exactly/this; }
    location = /only/too/ { proxy_pass http://backend; }
    location /both { proxy_pass http://backend/without; }
    location /both/ { proxy_pass http://backend/with/; }
    location /pass-all/ { proxy_pass http://backend$request_uri; }
    location /set/ { set $where http://backend; proxy_pass $where; }

    location /cut/ { rewrite ^/cut/(.*)$ /$1 break; proxy_pass http://backend; }
    location /cut-loosely { rewrite ^/cut-loosely/?(.*)$ /$1 break; proxy_pass http://backend; }
    location /moved/ { rewrite /moved/(.*) /new/place/$1 break; proxy_pass http://backend; }
    location /swapped/ { rewrite ^/swapped/([^/]+)/by/([^/]+)$ /$2/of/$1 break; proxy_pass http://backend; }
    location /uri-ignored/ { rewrite ^/uri-ignored/(.*)$ /rewritten/$1 break; proxy_pass http://backend/not-this/; }
    location /prefixed { rewrite ^(.*)$ /v2$1 break; proxy_pass http://backend; }

    location ~ ^/(invoices|receipts)(/|$) { proxy_pass http://backend; proxy_set_header X-Kind regex; }
    location ~ ^/people/([^/]+)/orders$ { proxy_pass http://backend; proxy_set_header X-Kind orders; }
    location ^~ /people/ { proxy_pass http://backend; proxy_set_header X-Kind people; }
    location ~ ^/files\\.d/ { proxy_pass http://backend; proxy_set_header X-Kind files; }

    location /outer/ {
      proxy_set_header X-Level outer;
      proxy_pass http://backend;
      location /outer/inner/ { proxy_pass http://backend/deep/; }
      location /outer/own/ { proxy_set_header X-Own yes; proxy_pass http://backend; }
    }

    location /host/kept/ { proxy_set_header Host $http_host; proxy_pass http://backend; }
    location /host/name/ { proxy_set_header Host $host; proxy_pass http://backend; }
    location /host/fixed/ { proxy_set_header Host fixed.example.net; proxy_pass http://backend; }
    location /host/target/ { proxy_pass http://127.0.0.1:${upstream}; }
    location /headers/ {
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Name "$server_name on $scheme";
      proxy_set_header X-Quoted "a; b { c } \\"d\\"";
      proxy_set_header X-Dropped "";
      proxy_set_header X-Passed $http_x_passed;
      proxy_set_header X-Api-Key "canary-of-the-upstream";
      proxy_pass http://backend;
    }
    location /answer/ {
      add_header X-Frame-Options DENY;
      add_header X-Server $server_name always;
      proxy_hide_header X-Powered-By;
      proxy_pass http://backend;
    }
    location /reads/ { limit_except GET { deny all; } proxy_pass http://backend; }
    location /few/ { limit_req zone=few burst=2 nodelay; limit_req_status 429; proxy_pass http://backend; }
    location = /closed { deny all; }
  }

  server {
    listen 127.0.0.1:${port};
    server_name *.wild.example.com;
    location / { proxy_set_header X-Site wild; proxy_pass http://backend; }
  }
  server {
    listen 127.0.0.1:${port};
    server_name .dotted.example.com;
    location / { proxy_set_header X-Site dotted; proxy_pass http://backend; }
  }
}
`;

const HOST = "main.example.com";

/** Path, and host where it is another one. What nginx says is right. */
const CALLS: [path: string, host?: string][] = [
  ["/"],
  ["/x/y?z=1"],
  ["/plain/"],
  ["/plain/a%20b?c=d%20e"],
  ["/named/"],
  ["/named/x"],
  ["/named/x/y/?q=1&r"],
  ["/rooted/"],
  ["/rooted/x/y"],
  ["/bare"],
  ["/bare/"],
  ["/bare/x?y"],
  ["/same/x"],
  ["/only"],
  ["/only?x=1"],
  ["/only/"],
  ["/only/too/"],
  ["/both"],
  ["/both/"],
  ["/both/x"],
  ["/pass-all/x?y=z"],
  ["/set/x"],
  ["/cut/"],
  ["/cut/x/y?z"],
  ["/cut-loosely"],
  ["/cut-loosely/"],
  ["/cut-loosely/x"],
  ["/moved/x/y"],
  ["/swapped/a/by/b"],
  ["/swapped/a/else"],
  ["/uri-ignored/x"],
  ["/prefixed"],
  ["/prefixed/x/"],
  ["/invoices"],
  ["/receipts/7"],
  ["/invoice"],
  ["/people/anna"],
  ["/files.d/x"],
  ["/outer/x"],
  ["/outer/inner/x"],
  ["/outer/own/x"],
  ["/host/kept/x", "main.example.com:8080"],
  ["/host/name/x"],
  ["/host/fixed/x"],
  ["/host/target/x"],
  ["/headers/x"],
  ["/x", "alias.example.com"],
  ["/x", "nobody.example.org"],
  ["/x", "a.wild.example.com"],
  ["/x", "a.b.wild.example.com"],
  ["/x", "dotted.example.com"],
  ["/x", "a.dotted.example.com"],
  ["/named/x", "a.wild.example.com"],
];

const NAMED_HEADERS = [
  "x-from-server",
  "x-kind",
  "x-level",
  "x-own",
  "x-site",
  "x-forwarded-proto",
  "x-name",
  "x-quoted",
  "x-dropped",
  "x-passed",
  "x-api-key",
];

let upstream: TestUpstream;
let nginx: NginxProcess;
let gateway: TestGateway;
let directory: string;
let nginxPort: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-parity-"));
  upstream = await startUpstream((request, response) => {
    response.setHeader("x-powered-by", "upstream");
    response.end(request.url);
  });
  [nginxPort] = (await freePorts(1)) as [number];
  const text = configuration(directory, nginxPort, upstream.port);
  nginx = await startNginx(text, nginxPort);
  const result = importNginx([{ file: "nginx.conf", text }], { files: { read: () => null, list: () => null } });
  expect(result.variables).toEqual(["UPSTREAM_X_API_KEY"]);
  // Another port, for nginx has that of the file.
  const moved = { ...result.configuration, listeners: [{ address: "127.0.0.1:0" }] };
  const yaml = renderYaml({ ...result, configuration: moved }, "nginx.conf");
  gateway = await startGateway(yaml, { UPSTREAM_X_API_KEY: "canary-of-the-upstream" });
});

afterAll(async () => {
  await gateway?.close();
  await nginx?.stop();
  await upstream?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function call(
  port: number,
  path: string,
  host: string,
  method = "GET",
): Promise<{ answer: RawResponse; seen: SeenRequest | undefined }> {
  upstream.requests.length = 0;
  const headers = `Host: ${host}\r\nX-Dropped: by the caller\r\nX-Passed: by the caller\r\nConnection: close\r\n`;
  const answer = await rawRequest(port, `${method} ${path} HTTP/1.1\r\n${headers}\r\n`, method === "HEAD");
  return { answer, seen: upstream.requests[0] };
}

function seenOf({ answer, seen }: { answer: RawResponse; seen: SeenRequest | undefined }) {
  const headers = Object.fromEntries(NAMED_HEADERS.map((name) => [name, seen?.headers[name]]));
  // Tidegate always says how it was called.
  const proto = headers["x-forwarded-proto"] ?? "http";
  return { status: answer.status, url: seen?.url, host: seen?.headers.host, ...headers, "x-forwarded-proto": proto };
}

describe("an imported nginx.conf", () => {
  it.each(CALLS)("does with %s what nginx does (host %s)", async (path, host = HOST) => {
    const expected = seenOf(await call(nginxPort, path, host));
    expect(expected.status).toBe(200);
    // The second call of a kind goes another way, without the stages.
    for (let i = 0; i < 2; i++) expect(seenOf(await call(gateway.port, path, host))).toEqual(expected);
  });

  it("writes X-Forwarded-For as the file says", async () => {
    for (const port of [nginxPort, gateway.port]) {
      expect((await call(port, "/headers/x", HOST)).seen?.headers["x-forwarded-for"]).toBe("127.0.0.1");
    }
  });

  it("adds to answers and hides from them what nginx does", async () => {
    for (const port of [nginxPort, gateway.port]) {
      const { answer } = await call(port, "/answer/x", HOST);
      expect(answer.header("x-frame-options")).toBe("DENY");
      expect(answer.header("x-server")).toBe("main.example.com");
      expect(answer.header("x-powered-by")).toBeUndefined();
      expect((await call(port, "/plain/x", HOST)).answer.header("x-powered-by")).toBe("upstream");
    }
  });

  it("lets in the methods that nginx lets in", async () => {
    for (const port of [nginxPort, gateway.port]) {
      expect((await call(port, "/reads/x", HOST, "HEAD")).answer.status).toBe(200);
      expect((await call(port, "/reads/x", HOST, "DELETE")).seen).toBeUndefined();
    }
  });

  it("admits as many calls at once as nginx", async () => {
    for (const port of [nginxPort, gateway.port]) {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) statuses.push((await call(port, "/few/x", HOST)).answer.status);
      expect(statuses).toEqual([200, 200, 200, 429]);
    }
  });

  it("refuses bodies that nginx refuses, and takes those it takes", async () => {
    for (const port of [nginxPort, gateway.port]) {
      for (const [length, status] of [
        [1024, 200],
        [1025, 413],
      ] as const) {
        const head = `POST /plain/x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
        expect((await rawRequest(port, head + "x".repeat(length))).status).toBe(status);
      }
    }
  });

  it("lets nobody in where nginx lets nobody in", async () => {
    for (const port of [nginxPort, gateway.port]) {
      const { answer, seen } = await call(port, "/closed", HOST);
      expect(answer.status).toBeGreaterThanOrEqual(401);
      expect(answer.status).toBeLessThanOrEqual(403);
      expect(seen).toBeUndefined();
    }
  });
});
