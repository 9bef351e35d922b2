import { z } from "@hono/zod-openapi";
import {
  createCredential,
  getCredential,
  isCredentialSecret,
  listCredentials,
  revokeCredential,
  rotateCredential,
  updateCredential,
} from "../../entities/credentials.ts";
import {
  credentialAddresses as addresses,
  createdCredential,
  credential,
  credentialKinds,
  hmacSecrets,
  passwords,
} from "../credential-schemas.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { id, name, timeInput } from "../schemas.ts";

const tag = "Credentials";
const params = { application: id };
const credentialParams = { application: id, credential: z.string() };
const MAX_OVERLAP_SECONDS = 30 * 86_400;
const DEFAULT_OVERLAP_SECONDS = 86_400;

export const credentialEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/applications/{application}/credentials",
      operationId: "listCredentials",
      summary: "An application's credentials",
      tag,
      needs: "application.read",
      params,
      answers: z.object({ items: z.array(credential) }),
    },
    async ({ plane, actor, params: { application } }) => ({
      body: { items: await listCredentials(plane, actor, application) },
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/applications/{application}/credentials",
      operationId: "createCredential",
      summary: "Make an API key, or a credential of the kind that is given; what is made secret here is shown once",
      tag,
      needs: "credential.manage",
      params,
      body: z.strictObject({
        name,
        expires_at: timeInput.nullable().default(null),
        addresses: addresses.default([]),
        ...credentialKinds,
      }),
      answers: createdCredential,
      status: 201,
    },
    async ({ plane, actor, params: { application }, body }) => {
      const { expires_at: expiresAtMs, ...fields } = body;
      return { body: await createCredential(plane, actor, application, { ...fields, expiresAtMs }) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/applications/{application}/credentials/{credential}",
      operationId: "getCredential",
      summary: "A credential",
      tag,
      needs: "application.read",
      params: credentialParams,
      answers: credential,
    },
    async ({ plane, actor, params: { application, credential: one } }) => {
      return { body: await getCredential(plane, actor, application, one) };
    },
  ),
  endpoint(
    {
      method: "patch",
      path: "/applications/{application}/credentials/{credential}",
      operationId: "updateCredential",
      summary: "Change a credential's name, end or addresses",
      tag,
      needs: "credential.manage",
      params: credentialParams,
      body: z.strictObject({
        name: name.optional(),
        expires_at: timeInput.nullable().optional(),
        addresses: addresses.optional(),
      }),
      answers: credential,
    },
    async ({ plane, actor, params: { application, credential: one }, body, revision: expected }) => {
      const { expires_at: expiresAtMs, ...fields } = body;
      return { body: await updateCredential(plane, actor, application, one, { ...fields, expiresAtMs }, expected) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/applications/{application}/credentials/{credential}/rotate",
      operationId: "rotateCredential",
      summary: "Make a new key, password or secret; the old one works on for a while",
      tag,
      needs: "credential.manage",
      params: credentialParams,
      body: z.strictObject({
        overlap_seconds: z.int().min(0).max(MAX_OVERLAP_SECONDS).default(DEFAULT_OVERLAP_SECONDS),
        ...passwords,
        ...hmacSecrets,
      }),
      answers: createdCredential,
      status: 201,
    },
    async ({ plane, actor, params: { application, credential: old }, body }) => {
      const { overlap_seconds, ...given } = body;
      const rotation = { ...given, overlapMs: overlap_seconds * 1000 };
      return { body: await rotateCredential(plane, actor, application, old, rotation) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/applications/{application}/credentials/{credential}/compare-secret",
      operationId: "compareCredentialSecret",
      summary: "Whether a password or secret is the one that is stored; changes nothing",
      tag,
      needs: "credential.manage",
      params: credentialParams,
      body: z.strictObject({ ...passwords, ...hmacSecrets }),
      answers: z.object({ same: z.boolean() }),
    },
    async ({ plane, actor, params: { application, credential: one }, body }) => ({
      body: { same: await isCredentialSecret(plane, actor, application, one, body) },
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/applications/{application}/credentials/{credential}",
      operationId: "revokeCredential",
      summary: "Revoke a credential",
      tag,
      needs: "credential.manage",
      params: credentialParams,
      answers: credential,
    },
    async ({ plane, actor, params: { application, credential: old } }) => {
      return { body: await revokeCredential(plane, actor, application, old) };
    },
  ),
];
