import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://www.databricks.com/product/pricing/foundation-model-serving",
    "https://www.databricks.com/product/pricing/proprietary-foundation-model-serving",
    "https://models.dev",
  ],
  models: `
databricks-bge-large-en embedding 512 - - 0.10003/0 1
databricks-claude-3-7-sonnet chat 200000 128000 tr 2.99999/15 2
databricks-claude-haiku-4-5 chat 200000 64000 tr 1.00002/5.00003 2
databricks-claude-opus-4 chat 200000 32000 tr 15/75 2
databricks-claude-opus-4-1 chat 200000 32000 tr 15/75 2
databricks-claude-opus-4-5 chat 200000 64000 tr 5.00003/25 2
databricks-claude-opus-4-6 chat 1000000 128000 vtrdc 5/25/0.5/6.25 3
databricks-claude-opus-4-7 chat 1000000 128000 vtrdc 5/25/0.5/6.25 3
databricks-claude-sonnet-4 chat 200000 64000 tr 2.99999/15 2
databricks-claude-sonnet-4-1 chat 200000 64000 tr 2.99999/15 2
databricks-claude-sonnet-4-5 chat 200000 64000 tr 2.99999/15 2
databricks-claude-sonnet-4-6 chat 1000000 64000 vtrdc 3/15/0.3/3.75 3
databricks-gemini-2-5-flash chat 1048576 65535 t 0.30002/2.49998 2
databricks-gemini-2-5-pro chat 1048576 65536 t 1.24999/9.99999 2
databricks-gemini-3-1-flash-lite chat 1048576 65536 vtsradc
databricks-gemini-3-1-pro chat 1048576 65536 vtsradc
databricks-gemini-3-flash chat 1048576 65536 vtsradc
databricks-gemini-3-pro chat 1048576 65536 vtsradc
databricks-gemma-3-12b chat 128000 32000 - 0.15001/0.50001 1
databricks-gpt-5 chat 272000 128000 vtsrc 1.24999/9.99999 2
databricks-gpt-5-1 chat 272000 128000 vtsrc 1.24999/9.99999 2
databricks-gpt-5-2 chat 272000 128000 vtsrc 1.75/14/0.175 3
databricks-gpt-5-4 chat 922000 128000 vtsrdc
databricks-gpt-5-4-mini chat 272000 128000 vtsrc 0.75/4.5/0.075 3
databricks-gpt-5-4-nano chat 272000 128000 vtsrc 0.2/1.25/0.02 3
databricks-gpt-5-5 chat 922000 128000 vtsrdc
databricks-gpt-5-mini chat 272000 128000 vtsrc 0.24997/1.99997 2
databricks-gpt-5-nano chat 272000 128000 vtsrc 0.04998/0.39998 2
databricks-gpt-oss-120b chat 131072 131072 tsr 0.15001/0.59997 1
databricks-gpt-oss-20b chat 131072 131072 tsr 0.07/0.30002 1
databricks-gte-large-en embedding 8192 - - 0.12999/0 1
databricks-llama-2-70b-chat chat 4096 4096 - 0.50001/1.50003 1
databricks-llama-4-maverick chat 128000 128000 - 0.50001/1.50003 1
databricks-meta-llama-3-1-405b-instruct chat 128000 128000 - 5.00003/15 1
databricks-meta-llama-3-1-8b-instruct chat 200000 128000 - 0.15001/0.45003 1
databricks-meta-llama-3-3-70b-instruct chat 128000 128000 - 0.50001/1.50003 1
databricks-meta-llama-3-70b-instruct chat 128000 128000 - 1.00002/2.99999 1
databricks-mixtral-8x7b-instruct chat 4096 4096 - 0.50001/1.00002 1
databricks-mpt-30b-instruct chat 8192 8192 - 1.00002/1.00002 1
databricks-mpt-7b-instruct chat 8192 8192 -
`,
};
