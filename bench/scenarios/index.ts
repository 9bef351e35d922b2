import { addedLatency } from "./added-latency.ts";
import { chatSameDialect } from "./chat-same-dialect.ts";
import { chatTranslated } from "./chat-translated.ts";
import { chatTranslatedStreamed } from "./chat-translated-streamed.ts";
import { idleConnections } from "./idle-connections.ts";
import { largeBodies } from "./large-bodies.ts";
import { largeConfiguration } from "./large-configuration.ts";
import { memoryGrowth } from "./memory-growth.ts";
import { restGet } from "./rest-get.ts";
import { scaling } from "./scaling.ts";
import type { Scenario } from "./scenario.ts";
import { slowReaders } from "./slow-readers.ts";
import { ssePassthrough } from "./sse-passthrough.ts";

/** Every scenario there is, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  chatSameDialect,
  restGet,
  ssePassthrough,
  chatTranslated,
  chatTranslatedStreamed,
  addedLatency,
  largeBodies,
  idleConnections,
  slowReaders,
  memoryGrowth,
  scaling,
  largeConfiguration,
];
