import { z } from "@hono/zod-openapi";
import type { Actor } from "../access/actor.ts";
import type { Permission } from "../access/permissions.ts";
import type { PageRequest } from "../entities/pages.ts";
import type { Plane } from "../plane.ts";

type Shape = z.ZodRawShape;

/** What a handler is given: parsed, and by somebody who is known. */
export interface Call<Params extends Shape, Query extends Shape, Body extends z.ZodType> {
  plane: Plane;
  actor: Actor;
  params: z.output<z.ZodObject<Params>>;
  query: z.output<z.ZodObject<Query>>;
  body: z.output<Body>;
  /** Of `If-Match`; null: the caller does not care. */
  revision: number | null;
}

export interface Answer {
  status?: 200 | 201 | 202 | 204;
  /** Undefined: none. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface EndpointSpec<Params extends Shape, Query extends Shape, Body extends z.ZodType> {
  method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`, with `{parameters}`. */
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  /** What one has to be allowed to do; `member`: all who are known; what they see differs. */
  needs: Permission | "member";
  params?: Params;
  query?: Query;
  body?: Body;
  /** Of the answer; absent: there is no body. */
  answers?: z.ZodType;
  status?: 200 | 201 | 204;
  /** Of the answer, where it is not JSON. */
  mediaType?: string;
}

/** One of the admin API, as the application serves it and the document describes it. */
export interface Endpoint {
  readonly spec: EndpointSpec<Shape, Shape, z.ZodType>;
  handle(call: Call<Shape, Shape, z.ZodType>): Promise<Answer | undefined>;
}

/** Ties a handler to the types of what it declares. */
export function endpoint<
  // biome-ignore lint/complexity/noBannedTypes: an endpoint without parameters has an object without properties
  Params extends Shape = {},
  // biome-ignore lint/complexity/noBannedTypes: likewise
  Query extends Shape = {},
  Body extends z.ZodType = z.ZodUndefined,
>(
  spec: EndpointSpec<Params, Query, Body>,
  handle: (call: Call<Params, Query, Body>) => Promise<Answer | undefined>,
): Endpoint {
  return {
    spec: spec as unknown as Endpoint["spec"],
    handle: handle as unknown as Endpoint["handle"],
  };
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().optional().openapi({ description: "`next_cursor` of the page before." }),
};

export function pageRequest(query: { limit: number; cursor?: string | undefined }): PageRequest {
  return { limit: query.limit, cursor: query.cursor ?? null };
}

export function pageOf(item: z.ZodType) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}
