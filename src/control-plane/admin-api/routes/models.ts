import { z } from "@hono/zod-openapi";
import {
  createModelRoute,
  deleteModelRoute,
  getModelRoute,
  listModelRoutes,
  updateModelRoute,
} from "../../entities/model-routes.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import { model, modelFields, modelName } from "../provider-schemas.ts";

const tag = "Models";
const params = { model: modelName };

export const modelEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/models",
      operationId: "listModelRoutes",
      summary: "Model routes: public names of models, those of the configuration file as well",
      tag,
      needs: "provider.read",
      query: pageQuery,
      answers: pageOf(model),
    },
    async ({ plane, actor, query }) => ({ body: await listModelRoutes(plane, actor, pageRequest(query)) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/models",
      operationId: "createModelRoute",
      summary: "Give models a public name",
      tag,
      needs: "provider.manage",
      body: z.strictObject({ name: modelName, ...modelFields }),
      answers: model,
      status: 201,
    },
    async ({ plane, actor, body: { name, ...fields } }) => ({
      body: await createModelRoute(plane, actor, name, fields),
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/models/{model}",
      operationId: "getModelRoute",
      summary: "A model route",
      tag,
      needs: "provider.read",
      params,
      answers: model,
    },
    async ({ plane, actor, params: { model: name } }) => ({ body: await getModelRoute(plane, actor, name) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/models/{model}",
      operationId: "updateModelRoute",
      summary: "Change a model route; what is absent stays, null takes a field away",
      tag,
      needs: "provider.manage",
      params,
      body: z.strictObject({ ...modelFields, targets: modelFields.targets.optional() }),
      answers: model,
    },
    async ({ plane, actor, params: { model: name }, body, revision }) => ({
      body: await updateModelRoute(plane, actor, name, body, revision),
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/models/{model}",
      operationId: "deleteModelRoute",
      summary: "Delete a model route",
      tag,
      needs: "provider.manage",
      params,
    },
    async ({ plane, actor, params: { model: name }, revision }) => {
      await deleteModelRoute(plane, actor, name, revision);
      return undefined;
    },
  ),
];
