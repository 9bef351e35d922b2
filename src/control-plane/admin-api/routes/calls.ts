import { z } from "@hono/zod-openapi";
import { getCall, listCalls } from "../../entities/calls.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import { call, callId, callWithBodies, id, shortText, statusRange, timeInput } from "../schemas.ts";

export const callEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/calls",
      operationId: "listCalls",
      summary: "Calls of one's teams' applications and to their services, on this machine, newest first",
      tag: "Calls",
      needs: "member",
      query: {
        ...pageQuery,
        application: id.optional(),
        team: id.optional(),
        service: id.optional(),
        model: shortText.optional(),
        error: z
          .string()
          .regex(/^[a-z_]{1,64}$/)
          .optional()
          .openapi({ description: "The code of its error.", example: "rate_limited" }),
        status: statusRange.optional(),
        from: timeInput.optional(),
        to: timeInput.optional(),
      },
      answers: pageOf(call),
    },
    async ({ plane, actor, query }) => {
      const { application = null, team = null, service = null, model = null, error = null } = query;
      const { status = null, from = null, to = null } = query;
      const filter = { application, team, service, model, errorCode: error, status, fromMs: from, toMs: to };
      return { body: await listCalls(plane, actor, pageRequest(query), filter) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/calls/{call}",
      operationId: "getCall",
      summary: "A call, by its `x-request-id`; with its bodies for those who have `call.read_body`",
      tag: "Calls",
      needs: "call.read",
      params: { call: callId },
      answers: callWithBodies,
    },
    async ({ plane, actor, params }) => ({ body: await getCall(plane, actor, params.call) }),
  ),
];
