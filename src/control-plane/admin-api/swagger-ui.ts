import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Hono } from "hono";
import type { AdminBindings } from "./app.ts";

/** What the page loads, from the package as it is. */
const FILES = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
} as const;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tidegate admin API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<div id="ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</html>
`;
const START = `SwaggerUIBundle({ url: "/api/openapi.json", dom_id: "#ui", deepLinking: true });\n`;
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The document as a page, at `/api/docs`. */
export function serveSwaggerUi(app: Hono<{ Bindings: AdminBindings }>): void {
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  app.get("/api/docs", (context) => context.html(PAGE, 200, { "content-security-policy": POLICY }));
  app.get("/api/docs/start.js", (context) => context.body(START, 200, { "content-type": "text/javascript" }));
  for (const [file, type] of Object.entries(FILES)) {
    app.get(`/api/docs/${file}`, (context) => {
      return context.body(readFileSync(join(folder, file)), 200, {
        "content-type": type,
        "cache-control": "max-age=3600",
      });
    });
  }
}
