/** What is configured of a provider, and the request that has to go out for the call of the test. */
export interface Expectation {
  settings?: Record<string, string>;
  /** Of the key; a `value` where it is not said. */
  key?: Record<string, unknown>;
  baseUrl?: string;
  /** Chat where it is not said. */
  operation?: "embeddings";
  url: string;
  headers: Record<string, string | RegExp>;
  body: Record<string, unknown>;
}

export const KEY = "key-of-the-provider";
export const BEARER = { authorization: `Bearer ${KEY}` };

/** What callers send, to a model `model-1` of each provider. */
export const CHAT = {
  messages: [
    { role: "developer", content: "Be brief." },
    { role: "user", content: "Hello" },
  ],
  max_completion_tokens: 50,
  user: "user-1",
};
export const EMBEDDINGS = { input: "Hello", dimensions: 8, encoding_format: "float", user: "user-1" };

/** As it came, but for the model. */
const AS_IT_CAME = { model: "model-1", ...CHAT };
const SYSTEM = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hello" },
];
/** For servers that know `max_tokens` and no developers. */
const CLASSIC = { model: "model-1", messages: SYSTEM, max_tokens: 50, user: "user-1" };
const WITHOUT_DEVELOPERS = { ...AS_IT_CAME, messages: SYSTEM };
const GEMINI = {
  systemInstruction: { parts: [{ text: "Be brief." }] },
  contents: [{ role: "user", parts: [{ text: "Hello" }] }],
  generationConfig: { maxOutputTokens: 50 },
};

function compatible(url: string, body: Record<string, unknown> = AS_IT_CAME): Expectation {
  return { url, headers: BEARER, body };
}

/** By kind, one for each entry of the catalogue. */
export const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  openai: compatible("https://api.openai.com/v1/chat/completions"),
  anthropic: {
    url: "https://api.anthropic.com/v1/messages",
    headers: { "x-api-key": KEY, "anthropic-version": "2023-06-01" },
    body: {
      model: "model-1",
      max_tokens: 50,
      system: [{ type: "text", text: "Be brief." }],
      messages: [{ role: "user", content: [{ type: "text", text: "Hello" }] }],
      metadata: { user_id: "user-1" },
    },
  },
  gemini: {
    url: "https://generativelanguage.googleapis.com/v1beta/models/model-1:generateContent",
    headers: { "x-goog-api-key": KEY },
    body: GEMINI,
  },
  cohere: {
    url: "https://api.cohere.com/v2/chat",
    headers: BEARER,
    body: { model: "model-1", messages: SYSTEM, max_tokens: 50 },
  },
  "azure-openai": {
    settings: { resource: "res-1", api_version: "preview" },
    url: "https://res-1.openai.azure.com/openai/v1/chat/completions?api-version=preview",
    headers: { "api-key": KEY },
    body: AS_IT_CAME,
  },
  "azure-openai-deployments": {
    settings: { resource: "res-1" },
    url: "https://res-1.openai.azure.com/openai/deployments/model-1/chat/completions?api-version=2024-10-21",
    headers: { "api-key": KEY },
    body: AS_IT_CAME,
  },
  "vertex-ai": {
    settings: { project: "project-1", location: "europe-west1" },
    url: "https://europe-west1-aiplatform.googleapis.com/v1/projects/project-1/locations/europe-west1/publishers/google/models/model-1:generateContent",
    headers: { "x-goog-api-key": KEY },
    body: GEMINI,
  },
  bedrock: {
    settings: { region: "eu-central-1" },
    url: "https://bedrock-runtime.eu-central-1.amazonaws.com/model/model-1/converse",
    headers: BEARER,
    body: {
      messages: [{ role: "user", content: [{ text: "Hello" }] }],
      system: [{ text: "Be brief." }],
      inferenceConfig: { maxTokens: 50 },
    },
  },
  "bedrock-openai": {
    settings: { region: "eu-central-1" },
    ...compatible("https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1/chat/completions"),
  },
  cloudflare: {
    settings: { account: "account-1" },
    ...compatible("https://api.cloudflare.com/client/v4/accounts/account-1/ai/v1/chat/completions"),
  },
  databricks: {
    settings: { workspace: "dbc-1.cloud.databricks.com" },
    ...compatible("https://dbc-1.cloud.databricks.com/serving-endpoints/chat/completions"),
  },
  "github-models": compatible("https://models.github.ai/inference/chat/completions"),
  mistral: compatible("https://api.mistral.ai/v1/chat/completions", {
    model: "model-1",
    messages: SYSTEM,
    max_tokens: 50,
  }),
  deepseek: compatible("https://api.deepseek.com/v1/chat/completions", CLASSIC),
  xai: compatible("https://api.x.ai/v1/chat/completions"),
  perplexity: compatible("https://api.perplexity.ai/chat/completions", {
    model: "model-1",
    messages: SYSTEM,
    max_tokens: 50,
  }),
  moonshot: compatible("https://api.moonshot.ai/v1/chat/completions", WITHOUT_DEVELOPERS),
  zhipu: {
    settings: { region: "china" },
    ...compatible("https://open.bigmodel.cn/api/paas/v4/chat/completions", CLASSIC),
  },
  qwen: compatible("https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions", CLASSIC),
  minimax: compatible("https://api.minimax.io/v1/chat/completions", CLASSIC),
  baichuan: compatible("https://api.baichuan-ai.com/v1/chat/completions", CLASSIC),
  hunyuan: compatible("https://api.hunyuan.cloud.tencent.com/v1/chat/completions", CLASSIC),
  volcengine: compatible("https://ark.cn-beijing.volces.com/api/v3/chat/completions", WITHOUT_DEVELOPERS),
  stepfun: compatible("https://api.stepfun.ai/v1/chat/completions", CLASSIC),
  yi: compatible("https://api.lingyiwanwu.com/v1/chat/completions", CLASSIC),
  spark: compatible("https://spark-api-open.xf-yun.com/v1/chat/completions", CLASSIC),
  wenxin: compatible("https://qianfan.baidubce.com/v2/chat/completions", WITHOUT_DEVELOPERS),
  upstage: compatible("https://api.upstage.ai/v1/chat/completions", CLASSIC),
  ai21: compatible("https://api.ai21.com/studio/v1/chat/completions", CLASSIC),
  voyage: {
    operation: "embeddings",
    ...compatible("https://api.voyageai.com/v1/embeddings", {
      model: "model-1",
      input: "Hello",
      output_dimension: 8,
    }),
  },
  jina: {
    operation: "embeddings",
    ...compatible("https://api.jina.ai/v1/embeddings", {
      model: "model-1",
      input: "Hello",
      dimensions: 8,
      embedding_type: "float",
    }),
  },
  groq: compatible("https://api.groq.com/openai/v1/chat/completions"),
  together: compatible("https://api.together.xyz/v1/chat/completions"),
  fireworks: compatible("https://api.fireworks.ai/inference/v1/chat/completions"),
  openrouter: compatible("https://openrouter.ai/api/v1/chat/completions"),
  cerebras: compatible("https://api.cerebras.ai/v1/chat/completions", WITHOUT_DEVELOPERS),
  sambanova: compatible("https://api.sambanova.ai/v1/chat/completions"),
  nvidia: compatible("https://integrate.api.nvidia.com/v1/chat/completions"),
  huggingface: compatible("https://router.huggingface.co/v1/chat/completions"),
  replicate: compatible("https://openai-proxy.replicate.com/v1/chat/completions"),
  deepinfra: compatible("https://api.deepinfra.com/v1/openai/chat/completions"),
  novita: compatible("https://api.novita.ai/openai/v1/chat/completions"),
  siliconflow: compatible("https://api.siliconflow.com/v1/chat/completions"),
  ollama: compatible("http://127.0.0.1:11434/v1/chat/completions"),
  vllm: compatible("http://127.0.0.1:8000/v1/chat/completions"),
  "lm-studio": compatible("http://127.0.0.1:1234/v1/chat/completions"),
  xinference: compatible("http://127.0.0.1:9997/v1/chat/completions"),
  "openai-compatible": {
    baseUrl: "https://models.example.org/api/v1",
    ...compatible("https://models.example.org/api/v1/chat/completions"),
  },
};
