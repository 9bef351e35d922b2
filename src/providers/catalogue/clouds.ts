import { type CatalogueEntry, CLAUDE_PREFILL, openaiCompatible, type ProviderSetting } from "../catalogue-entry.ts";
import { AUDIO, BATCHES, DEPLOYMENTS, IMAGES, RESPONSES } from "./endpoints.ts";

const AZURE_RESOURCE: ProviderSetting = {
  name: "resource",
  description: "name of the Azure OpenAI resource",
  env: "AZURE_RESOURCE_NAME",
};

const AWS_REGION: ProviderSetting = { name: "region", description: "AWS region", env: "AWS_REGION" };

/** Clouds in which models run in the customer's own account: addresses have a part that is the customer's. */
export const CLOUDS: readonly CatalogueEntry[] = [
  // The v1 API, which knows models by their deployments' names and needs no version.
  openaiCompatible({
    kind: "azure-openai",
    baseUrl: "https://{resource}.openai.azure.com/openai/v1",
    settings: [
      AZURE_RESOURCE,
      { name: "api_version", description: "`preview`, or none for what is generally available", isOptional: true },
    ],
    query: { "api-version": "{api_version}" },
    auth: { type: "header", name: "api-key" },
    credentials: ["entra"],
    endpoints: { ...IMAGES, ...AUDIO, ...BATCHES, ...RESPONSES },
    envKey: "AZURE_OPENAI_API_KEY",
    envBaseUrl: "AZURE_OPENAI_ENDPOINT",
    priceProvider: "azure",
    docs: "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
  }),
  // The dated API before it, in which a deployment is a part of the path.
  openaiCompatible({
    kind: "azure-openai-deployments",
    baseUrl: "https://{resource}.openai.azure.com/openai/deployments",
    settings: [AZURE_RESOURCE, { name: "api_version", description: "dated version of the API", default: "2024-10-21" }],
    query: { "api-version": "{api_version}" },
    auth: { type: "header", name: "api-key" },
    credentials: ["entra"],
    quirks: { paths: { chat: "/{model}/chat/completions", embeddings: "/{model}/embeddings" } },
    endpoints: DEPLOYMENTS,
    envKey: null,
    requiresKey: true,
    priceProvider: "azure",
    docs: "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
  }),
  // Gemini's own API at Vertex AI. Its embeddings are another API (`:predict`).
  {
    kind: "vertex-ai",
    dialect: "gemini",
    transport: "http",
    baseUrl: "https://{location.host}/v1/projects/{project}/locations/{location}/publishers/google",
    settings: [
      { name: "project", description: "id of the Google Cloud project", env: "GOOGLE_CLOUD_PROJECT" },
      {
        name: "location",
        description: "region, or `global`",
        default: "global",
        env: "GOOGLE_CLOUD_LOCATION",
        hosts: { global: "aiplatform.googleapis.com", "*": "{value}-aiplatform.googleapis.com" },
      },
    ],
    auth: { type: "header", name: "x-goog-api-key" },
    credentials: ["service_account"],
    headers: {},
    quirks: { paths: { embeddings: null } },
    endpoints: { count_tokens: { path: "/models/{model}:countTokens", form: "gemini-parts" } },
    envKey: null,
    envBaseUrl: null,
    priceProvider: "google",
    listedModels: /^gemini-[2-9](?!.*(?:image|live|tts))[^:]*$/,
    models: [],
    requiresKey: true,
    docs: "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
  },
  // Converse of bedrock-runtime, with an API key of Bedrock, or signed. Embeddings are another API (InvokeModel).
  {
    kind: "bedrock",
    dialect: "bedrock",
    transport: "http",
    baseUrl: "https://bedrock-runtime.{region}.amazonaws.com",
    settings: [AWS_REGION],
    auth: { type: "bearer" },
    credentials: ["aws"],
    awsService: "bedrock",
    prefill: CLAUDE_PREFILL,
    headers: {},
    endpoints: { count_tokens: { path: "/model/{model}/count-tokens", form: "bedrock" } },
    envKey: "AWS_BEARER_TOKEN_BEDROCK",
    envBaseUrl: null,
    priceProvider: "aws",
    listedModels: null,
    models: [],
    requiresKey: true,
    docs: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
  },
  // Chat Completions of the same, for the models that have it.
  openaiCompatible({
    kind: "bedrock-openai",
    baseUrl: "https://bedrock-runtime.{region}.amazonaws.com/openai/v1",
    settings: [AWS_REGION],
    credentials: ["aws"],
    awsService: "bedrock",
    quirks: { paths: { embeddings: null } },
    envKey: null,
    requiresKey: true,
    priceProvider: "aws",
    docs: "https://docs.aws.amazon.com/bedrock/latest/userguide/apis.html",
  }),
  openaiCompatible({
    kind: "cloudflare",
    baseUrl: "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
    settings: [{ name: "account", description: "id of the Cloudflare account", env: "CLOUDFLARE_ACCOUNT_ID" }],
    envKey: "CLOUDFLARE_API_TOKEN",
    priceProvider: "cloudflare",
    docs: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/",
  }),
  // Models are called by the names of their serving endpoints.
  openaiCompatible({
    kind: "databricks",
    baseUrl: "https://{workspace}/serving-endpoints",
    settings: [
      {
        name: "workspace",
        description: "host of the workspace, e.g. `dbc-a1b2c3d4-e5f6.cloud.databricks.com`",
        env: "DATABRICKS_HOST",
      },
    ],
    envKey: "DATABRICKS_TOKEN",
    docs: "https://docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models",
  }),
  // `GITHUB_TOKEN` is in many environments for something else: callers must not get to use it by that alone.
  openaiCompatible({
    kind: "github-models",
    baseUrl: "https://models.github.ai/inference",
    envKey: null,
    requiresKey: true,
    docs: "https://docs.github.com/en/rest/models/inference",
  }),
];
