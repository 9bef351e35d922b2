import { type CatalogueEntry, CHAT_ALONE, CLASSIC_CHAT, openaiCompatible, regions } from "../catalogue-entry.ts";
import { BATCHES, RERANK } from "./endpoints.ts";

/** Who makes models, and offers them in an API of their own. */
export const LABS: readonly CatalogueEntry[] = [
  // Unknown fields are refused with 422, and usage is in the last chunk of each stream. Fields: @mistralai/mistralai 2.7.0.
  // Ids of calls: 400, "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9" (code 3280).
  openaiCompatible({
    kind: "mistral",
    baseUrl: "https://api.mistral.ai/v1",
    quirks: {
      renamedFields: { max_completion_tokens: "max_tokens", seed: "random_seed" },
      unsupportedFields: ["logprobs", "top_logprobs", "logit_bias"],
      impliedValues: { logprobs: false },
      droppedFields: ["user", "store"],
      streamOptions: false,
      developerRole: false,
      toolCallIdLength: 9,
    },
    prefill: { models: "", messageFields: { prefix: true } },
    endpoints: {
      moderations: { path: "/moderations", form: "mistral", defaultModel: "mistral-moderation-latest" },
      transcriptions: { path: "/audio/transcriptions" },
    },
    envKey: "MISTRAL_API_KEY",
    priceProvider: "mistral",
    listedModels: /-latest$/,
    docs: "https://docs.mistral.ai/api",
  }),
  // Answers 400 with "unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`".
  openaiCompatible({
    kind: "deepseek",
    baseUrl: "https://api.deepseek.com/v1",
    quirks: {
      ...CLASSIC_CHAT,
      unsupportedFields: ["n", "logit_bias"],
      impliedValues: { n: 1 },
      paths: CHAT_ALONE,
    },
    envKey: "DEEPSEEK_API_KEY",
    priceProvider: "deepseek",
    listedModels: /^deepseek-/,
    docs: "https://api-docs.deepseek.com/api/create-chat-completion",
  }),
  openaiCompatible({
    kind: "xai",
    baseUrl: "https://api.x.ai/v1",
    endpoints: { image_generations: { path: "/images/generations" } },
    envKey: "XAI_API_KEY",
    priceProvider: "x-ai",
    listedModels: /^grok-(?!.*voice)/,
    docs: "https://docs.x.ai/docs/api-reference",
  }),
  // Without a version in its path; usage is in every chunk. Fields: @perplexity-ai/perplexity_ai 0.38.5, after which its
  // embeddings are whole numbers of eight bits, which no caller of OpenAI's API can read.
  openaiCompatible({
    kind: "perplexity",
    baseUrl: "https://api.perplexity.ai",
    quirks: {
      ...CLASSIC_CHAT,
      unsupportedFields: ["logit_bias", "seed"],
      droppedFields: ["user", "store", "metadata", "service_tier"],
      streamOptions: false,
      paths: CHAT_ALONE,
    },
    envKey: "PERPLEXITY_API_KEY",
    priceProvider: "perplexity",
    listedModels: /^sonar/,
    docs: "https://docs.perplexity.ai/api-reference/chat-completions-post",
  }),
  openaiCompatible({
    kind: "moonshot",
    baseUrl: "https://{region.host}/v1",
    settings: regions("api.moonshot.cn", "api.moonshot.ai"),
    quirks: { developerRole: false, paths: CHAT_ALONE },
    // "Partial mode": https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api
    prefill: { models: "", messageFields: { partial: true } },
    envKey: "MOONSHOT_API_KEY",
    priceProvider: "moonshotai",
    listedModels: /^kimi-/,
    docs: "https://platform.moonshot.ai/docs/api/chat",
  }),
  openaiCompatible({
    kind: "zhipu",
    baseUrl: "https://{region.host}/api/paas/v4",
    settings: regions("open.bigmodel.cn", "api.z.ai"),
    quirks: CLASSIC_CHAT,
    envKey: "ZHIPUAI_API_KEY",
    priceProvider: "zhipuai",
    listedModels: /^glm-[4-9]/i,
    docs: "https://docs.z.ai/api-reference/llm/chat-completion",
  }),
  openaiCompatible({
    kind: "qwen",
    baseUrl: "https://{region.host}/compatible-mode/v1",
    settings: [
      {
        name: "region",
        description: "`international` (Singapore), `us` or `china`: each has keys of its own",
        default: "international",
        hosts: {
          international: "dashscope-intl.aliyuncs.com",
          us: "dashscope-us.aliyuncs.com",
          china: "dashscope.aliyuncs.com",
        },
      },
    ],
    quirks: CLASSIC_CHAT,
    endpoints: BATCHES,
    envKey: "DASHSCOPE_API_KEY",
    docs: "https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",
  }),
  // What it does not know it overlooks, says its documentation; its embeddings are another API.
  openaiCompatible({
    kind: "minimax",
    baseUrl: "https://{region.host}/v1",
    settings: regions("api.minimaxi.com", "api.minimax.io"),
    quirks: {
      ...CLASSIC_CHAT,
      unsupportedFields: ["presence_penalty", "frequency_penalty", "logit_bias", "n"],
      impliedValues: { presence_penalty: 0, frequency_penalty: 0, n: 1 },
      paths: CHAT_ALONE,
    },
    envKey: "MINIMAX_API_KEY",
    priceProvider: "minimax",
    listedModels: /^MiniMax-/,
    docs: "https://platform.minimax.io/docs/api-reference/text-openai-api",
  }),
  openaiCompatible({
    kind: "baichuan",
    baseUrl: "https://api.baichuan-ai.com/v1",
    quirks: CLASSIC_CHAT,
    envKey: "BAICHUAN_API_KEY",
    docs: "https://platform.baichuan-ai.com/docs/api",
  }),
  openaiCompatible({
    kind: "hunyuan",
    baseUrl: "https://api.hunyuan.cloud.tencent.com/v1",
    quirks: CLASSIC_CHAT,
    envKey: "HUNYUAN_API_KEY",
    docs: "https://cloud.tencent.com/document/product/1729/111007",
  }),
  // Doubao. Models are called by their names or by those of endpoints (`ep-…`).
  openaiCompatible({
    kind: "volcengine",
    baseUrl: "https://{region.host}/api/v3",
    settings: [
      {
        name: "region",
        description: "e.g. `cn-beijing`; `ap-southeast` is BytePlus",
        default: "cn-beijing",
        hosts: { "ap-southeast": "ark.ap-southeast.bytepluses.com", "*": "ark.{value}.volces.com" },
      },
    ],
    quirks: { developerRole: false },
    envKey: "ARK_API_KEY",
    docs: "https://www.volcengine.com/docs/82379/1494384",
  }),
  openaiCompatible({
    kind: "stepfun",
    baseUrl: "https://{region.host}/v1",
    settings: regions("api.stepfun.com", "api.stepfun.ai"),
    quirks: { ...CLASSIC_CHAT, paths: CHAT_ALONE },
    envKey: "STEPFUN_API_KEY",
    docs: "https://platform.stepfun.com/docs/zh/api-reference/chat/chat-completion-create",
  }),
  openaiCompatible({
    kind: "yi",
    baseUrl: "https://api.lingyiwanwu.com/v1",
    quirks: { ...CLASSIC_CHAT, paths: CHAT_ALONE },
    envKey: "YI_API_KEY",
    docs: "https://platform.lingyiwanwu.com/docs/api-reference",
  }),
  // The key is the APIPassword of the model. Spark X1 is at `…/v2`: a provider with that `base_url`.
  openaiCompatible({
    kind: "spark",
    baseUrl: "https://spark-api-open.xf-yun.com/v1",
    quirks: { ...CLASSIC_CHAT, paths: CHAT_ALONE },
    envKey: "SPARK_API_PASSWORD",
    docs: "https://www.xfyun.cn/doc/spark/HTTP调用文档.html",
  }),
  // Qianfan, version 2.
  openaiCompatible({
    kind: "wenxin",
    baseUrl: "https://qianfan.baidubce.com/v2",
    quirks: { developerRole: false },
    envKey: "QIANFAN_API_KEY",
    docs: "https://cloud.baidu.com/doc/qianfan-api/s/3m9b5lqft",
  }),
  openaiCompatible({
    kind: "upstage",
    baseUrl: "https://api.upstage.ai/v1",
    quirks: CLASSIC_CHAT,
    envKey: "UPSTAGE_API_KEY",
    docs: "https://console.upstage.ai/docs/capabilities/generate/chat",
  }),
  openaiCompatible({
    kind: "ai21",
    baseUrl: "https://api.ai21.com/studio/v1",
    quirks: { ...CLASSIC_CHAT, paths: CHAT_ALONE },
    envKey: "AI21_API_KEY",
    docs: "https://docs.ai21.com/reference/jamba-1-6-api-ref",
  }),
  // Embeddings alone.
  openaiCompatible({
    kind: "voyage",
    baseUrl: "https://api.voyageai.com/v1",
    quirks: {
      renamedFields: { dimensions: "output_dimension" },
      impliedValues: { encoding_format: "float" },
      droppedFields: ["user"],
      paths: { chat: null },
    },
    endpoints: { rerank: { path: "/rerank", form: "voyage" } },
    envKey: "VOYAGE_API_KEY",
    priceProvider: "voyageai",
    listedModels: /^voyage-(?:[3-9]|code-3)/,
    docs: "https://docs.voyageai.com/reference/embeddings-api",
  }),
  // Embeddings alone: its DeepSearch is at another address.
  openaiCompatible({
    kind: "jina",
    baseUrl: "https://api.jina.ai/v1",
    quirks: { renamedFields: { encoding_format: "embedding_type" }, droppedFields: ["user"], paths: { chat: null } },
    endpoints: RERANK,
    envKey: "JINA_API_KEY",
    docs: "https://api.jina.ai/redoc",
  }),
];
