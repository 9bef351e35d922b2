import { z } from "@hono/zod-openapi";
import {
  areTokenIssuerKeys,
  createTokenIssuer,
  deleteTokenIssuer,
  getTokenIssuer,
  listTokenIssuers,
  updateTokenIssuer,
} from "../../entities/token-issuers.ts";
import { tokenIssuer, tokenIssuerFields, tokenIssuerName } from "../credential-schemas.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { id } from "../schemas.ts";

const tag = "Token issuers";
const params = { token_issuer: id };

export const tokenIssuerEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/token-issuers",
      operationId: "listTokenIssuers",
      summary: "Whose JSON Web Tokens are believed",
      tag,
      needs: "setting.read",
      answers: z.object({ items: z.array(tokenIssuer) }),
    },
    async ({ plane, actor }) => ({ body: { items: await listTokenIssuers(plane, actor) } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/token-issuers",
      operationId: "createTokenIssuer",
      summary: "Believe an issuer's tokens",
      tag,
      needs: "setting.manage",
      body: z.strictObject({ id, issuer: tokenIssuerName, ...tokenIssuerFields }),
      answers: tokenIssuer,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createTokenIssuer(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/token-issuers/{token_issuer}",
      operationId: "getTokenIssuer",
      summary: "A token issuer",
      tag,
      needs: "setting.read",
      params,
      answers: tokenIssuer,
    },
    async ({ plane, actor, params: { token_issuer } }) => ({ body: await getTokenIssuer(plane, actor, token_issuer) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/token-issuers/{token_issuer}",
      operationId: "updateTokenIssuer",
      summary: "Change a token issuer, all but its `iss`; what is absent stays",
      tag,
      needs: "setting.manage",
      params,
      body: z.strictObject(tokenIssuerFields),
      answers: tokenIssuer,
    },
    async ({ plane, actor, params: { token_issuer }, body, revision }) => {
      return { body: await updateTokenIssuer(plane, actor, token_issuer, body, revision) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/token-issuers/{token_issuer}/compare-keys",
      operationId: "compareTokenIssuerKeys",
      summary: "Whether keys are the ones that are stored; changes nothing",
      tag,
      needs: "setting.manage",
      params,
      body: z.strictObject({ keys: tokenIssuerFields.keys, jwk_set: tokenIssuerFields.jwk_set }),
      answers: z.object({ same: z.boolean() }),
    },
    async ({ plane, actor, params: { token_issuer }, body }) => ({
      body: { same: await areTokenIssuerKeys(plane, actor, token_issuer, body) },
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/token-issuers/{token_issuer}",
      operationId: "deleteTokenIssuer",
      summary: "Believe an issuer's tokens no longer; refused while credentials are for them",
      tag,
      needs: "setting.manage",
      params,
    },
    async ({ plane, actor, params: { token_issuer }, revision }) => {
      await deleteTokenIssuer(plane, actor, token_issuer, revision);
      return undefined;
    },
  ),
];
