import { z } from "@hono/zod-openapi";
import { listKeyStates } from "../../entities/provider-key-states.ts";
import {
  createProviderKey,
  deleteProviderKey,
  getProviderKey,
  isProviderKeySecret,
  listProviderKeys,
  updateProviderKey,
} from "../../entities/provider-keys.ts";
import {
  createProvider,
  deleteProvider,
  getProvider,
  listProviders,
  updateProvider,
} from "../../entities/providers.ts";
import { testNewProvider, testProvider } from "../../entities/test-provider.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import {
  keyChange,
  keyInput,
  keyOf,
  keySecretInput,
  provider,
  providerFields,
  providerInput,
  providerKey,
  providerKeyState,
  providerTest,
  testInput,
} from "../provider-schemas.ts";
import { id } from "../schemas.ts";

const tag = "Providers";
/** Those of a file may have capitals. */
const providerId = z.string().max(64);
const params = { provider: providerId };
const keyParams = { provider: providerId, key: id };

export const providerEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/providers",
      operationId: "listProviders",
      summary: "Providers of models, those of the configuration file as well",
      tag,
      needs: "provider.read",
      query: pageQuery,
      answers: pageOf(provider),
    },
    async ({ plane, actor, query }) => ({ body: await listProviders(plane, actor, pageRequest(query)) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/providers",
      operationId: "createProvider",
      summary: "Add a provider, with or without its keys",
      tag,
      needs: "provider.manage",
      body: providerInput,
      answers: provider,
      status: 201,
    },
    async ({ plane, actor, body: { id: own, kind, keys, ...fields } }) => ({
      body: await createProvider(plane, actor, { id: own, kind, keys: keys?.map(keyOf), fields }),
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/providers/test",
      operationId: "testNewProvider",
      summary: "Test a provider that is not saved: one cheap call with each of its keys",
      tag,
      needs: "provider.manage",
      body: z.strictObject({ provider: providerInput, ...testInput }),
      answers: providerTest,
    },
    async ({ plane, actor, body: { provider: given, model = null, key = null } }) => {
      const { id: own, kind, keys, ...fields } = given;
      return {
        body: await testNewProvider(plane, actor, { id: own, kind, keys: keys?.map(keyOf), fields }, { model, key }),
      };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/providers/{provider}/test",
      operationId: "testProvider",
      summary: "Test a provider: one cheap call with each of its keys",
      tag,
      needs: "provider.manage",
      params,
      body: z.strictObject(testInput),
      answers: providerTest,
    },
    async ({ plane, actor, params: { provider: one }, body: { model = null, key = null } }) => ({
      body: await testProvider(plane, actor, one, { model, key }),
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/providers/{provider}",
      operationId: "getProvider",
      summary: "A provider",
      tag,
      needs: "provider.read",
      params,
      answers: provider,
    },
    async ({ plane, actor, params: { provider: one } }) => ({ body: await getProvider(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/providers/{provider}",
      operationId: "updateProvider",
      summary: "Change a provider, all but its kind; what is absent stays, null takes a field away",
      tag,
      needs: "provider.manage",
      params,
      body: z.strictObject(providerFields),
      answers: provider,
    },
    async ({ plane, actor, params: { provider: one }, body, revision }) => ({
      body: await updateProvider(plane, actor, one, body, revision),
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/providers/{provider}",
      operationId: "deleteProvider",
      summary: "Delete a provider with its keys; refused while model routes lead to it",
      tag,
      needs: "provider.manage",
      params,
    },
    async ({ plane, actor, params: { provider: one }, revision }) => {
      await deleteProvider(plane, actor, one, revision);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/providers/{provider}/keys",
      operationId: "listProviderKeys",
      summary: "The keys of a provider",
      tag,
      needs: "provider.read",
      params,
      answers: z.object({ items: z.array(providerKey) }),
    },
    async ({ plane, actor, params: { provider: one } }) => ({
      body: { items: await listProviderKeys(plane, actor, one) },
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/providers/{provider}/key-states",
      operationId: "listProviderKeyStates",
      summary: "How the keys of a provider do, as this machine's gateway workers know it",
      tag,
      needs: "provider.read",
      params,
      answers: z.object({ items: z.array(providerKeyState) }),
    },
    async ({ plane, actor, params: { provider: one } }) => ({
      body: { items: await listKeyStates(plane, actor, one) },
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/providers/{provider}/keys",
      operationId: "createProviderKey",
      summary: "Add a key; it is kept sealed, and never shown",
      tag,
      needs: "provider.manage",
      params,
      body: keyInput,
      answers: providerKey,
      status: 201,
    },
    async ({ plane, actor, params: { provider: one }, body }) => ({
      body: await createProviderKey(plane, actor, one, keyOf(body)),
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/providers/{provider}/keys/{key}",
      operationId: "getProviderKey",
      summary: "A key of a provider",
      tag,
      needs: "provider.read",
      params: keyParams,
      answers: providerKey,
    },
    async ({ plane, actor, params: { provider: one, key } }) => ({
      body: await getProviderKey(plane, actor, one, key),
    }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/providers/{provider}/keys/{key}",
      operationId: "updateProviderKey",
      summary: "Change a key's terms, or replace its secret; what is absent stays",
      tag,
      needs: "provider.manage",
      params: keyParams,
      body: keyChange,
      answers: providerKey,
    },
    async ({ plane, actor, params: { provider: one, key }, body, revision }) => ({
      body: await updateProviderKey(plane, actor, one, key, keyOf(body), revision),
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/providers/{provider}/keys/{key}/compare",
      operationId: "compareProviderKey",
      summary: "Whether a secret is the one that is stored; changes nothing",
      tag,
      needs: "provider.manage",
      params: keyParams,
      body: keySecretInput,
      answers: z.object({ same: z.boolean() }),
    },
    async ({ plane, actor, params: { provider: one, key }, body }) => ({
      body: { same: await isProviderKeySecret(plane, actor, one, key, body) },
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/providers/{provider}/keys/{key}",
      operationId: "deleteProviderKey",
      summary: "Delete a key",
      tag,
      needs: "provider.manage",
      params: keyParams,
    },
    async ({ plane, actor, params: { provider: one, key }, revision }) => {
      await deleteProviderKey(plane, actor, one, key, revision);
      return undefined;
    },
  ),
];
