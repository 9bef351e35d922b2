import { FACTS as ai21 } from "./ai21.ts";
import { FACTS as anthropic } from "./anthropic.ts";
import { FACTS as azureOpenai } from "./azure-openai.ts";
import { FACTS as bedrock } from "./bedrock.ts";
import { FACTS as cerebras } from "./cerebras.ts";
import { FACTS as cloudflare } from "./cloudflare.ts";
import { FACTS as cohere } from "./cohere.ts";
import { FACTS as databricks } from "./databricks.ts";
import { FACTS as deepinfra } from "./deepinfra.ts";
import { FACTS as deepseek } from "./deepseek.ts";
import type { FactsText } from "./facts-text.ts";
import { FACTS as fireworks } from "./fireworks.ts";
import { FACTS as gemini } from "./gemini.ts";
import { FACTS as githubModels } from "./github-models.ts";
import { FACTS as groq } from "./groq.ts";
import { FACTS as huggingface } from "./huggingface.ts";
import { FACTS as jina } from "./jina.ts";
import { FACTS as minimax } from "./minimax.ts";
import { FACTS as mistral } from "./mistral.ts";
import { FACTS as moonshot } from "./moonshot.ts";
import { FACTS as novita } from "./novita.ts";
import { FACTS as nvidia } from "./nvidia.ts";
import { FACTS as openai } from "./openai.ts";
import { FACTS as openrouter } from "./openrouter.ts";
import { FACTS as perplexity } from "./perplexity.ts";
import { FACTS as qwen } from "./qwen.ts";
import { FACTS as replicate } from "./replicate.ts";
import { FACTS as sambanova } from "./sambanova.ts";
import { FACTS as siliconflow } from "./siliconflow.ts";
import { FACTS as stepfun } from "./stepfun.ts";
import { FACTS as together } from "./together.ts";
import { FACTS as upstage } from "./upstage.ts";
import { FACTS as vertexAi } from "./vertex-ai.ts";
import { FACTS as volcengine } from "./volcengine.ts";
import { FACTS as voyage } from "./voyage.ts";
import { FACTS as xai } from "./xai.ts";
import { FACTS as zhipu } from "./zhipu.ts";

/**
 * By kind of provider. Collected on 2026-07-24 from two public lists of models, LiteLLM's and (2026-07-02) that of models.dev; what a
 * price was taken from is in `sources`. Where the two differ in a context window, it is LiteLLM's.
 */
export const FACTS: Readonly<Record<string, FactsText>> = {
  ai21,
  anthropic,
  "azure-openai": azureOpenai,
  bedrock,
  cerebras,
  cloudflare,
  cohere,
  databricks,
  deepinfra,
  deepseek,
  fireworks,
  gemini,
  "github-models": githubModels,
  groq,
  huggingface,
  jina,
  minimax,
  mistral,
  moonshot,
  novita,
  nvidia,
  openai,
  openrouter,
  perplexity,
  qwen,
  replicate,
  sambanova,
  siliconflow,
  stepfun,
  together,
  upstage,
  "vertex-ai": vertexAi,
  volcengine,
  voyage,
  xai,
  zhipu,
};
