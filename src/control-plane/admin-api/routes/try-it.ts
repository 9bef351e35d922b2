import { z } from "@hono/zod-openapi";
import { tryService } from "../../entities/try-service.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { id } from "../schemas.ts";

const MAX_BODY_CHARACTERS = 1024 * 1024;
/** RFC 9110 §5.6.2 and §5.5. */
const headers = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/), z.string().regex(/^[\t\x20-\x7e]{0,8000}$/))
  .refine((map) => Object.keys(map).length <= 100, "at most 100 headers");

const input = z.strictObject({
  application: id.nullable().default(null).openapi({ description: "In whose name; null: without a key." }),
  method: z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]).default("GET"),
  path: z.string().min(1).max(8_000).openapi({ description: "With its query.", example: "/billing/invoices?limit=10" }),
  host: z
    .string()
    .regex(/^[a-z0-9.-]{1,253}(:\d{1,5})?$/i)
    .nullable()
    .default(null)
    .openapi({ description: "Needed where the route is for many; null: the route's." }),
  headers: headers.default({}),
  body: z.string().max(MAX_BODY_CHARACTERS).nullable().default(null),
});

const answer = z
  .object({
    status: z.int(),
    headers: z.array(z.tuple([z.string(), z.string()])),
    body: z.string(),
    body_encoding: z.enum(["utf-8", "base64"]),
    body_truncated: z.boolean(),
    first_byte_ms: z.int(),
    total_ms: z.int(),
  })
  .openapi("TriedAnswer");

export const tryItEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "post",
      path: "/catalogue/{service}/try",
      operationId: "tryService",
      summary: "Send one request to a service through the gateway: limits, policies and the call log apply",
      tag: "Catalogue",
      needs: "member",
      params: { service: id },
      body: input,
      answers: answer,
    },
    async ({ plane, actor, params: { service }, body: { body, ...given } }) => {
      const sent = body === null ? null : Buffer.from(body);
      const tried = await tryService(plane, actor, service, { ...given, body: sent });
      const { status, firstByteMs, totalMs } = tried;
      return {
        body: {
          status,
          headers: tried.headers,
          ...textOf(tried.body, tried.isTruncated),
          body_truncated: tried.isTruncated,
          first_byte_ms: firstByteMs,
          total_ms: totalMs,
        },
      };
    },
  ),
];

/** A cut in the middle of a character is no reason to take a text for something else. */
function textOf(bytes: Buffer, isTruncated: boolean): { body: string; body_encoding: "utf-8" | "base64" } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isTruncated });
    return { body: text, body_encoding: "utf-8" };
  } catch {
    return { body: bytes.toString("base64"), body_encoding: "base64" };
  }
}
