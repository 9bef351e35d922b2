/** The official SDKs, resolved from the project of their own in this folder. */
export { default as Anthropic } from "@anthropic-ai/sdk";
export { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema";
export * as BedrockRuntime from "@aws-sdk/client-bedrock-runtime";
export {
  ApiError as GeminiApiError,
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  GoogleGenAI,
} from "@google/genai";
export { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
export { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
export { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
export { type EventStore, StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
export {
  type JSONRPCMessage,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
export { EventStreamCodec } from "@smithy/core/event-streams";
export { NodeHttpHandler } from "@smithy/node-http-handler";
export { CohereClientV2, CohereError } from "cohere-ai";
export { default as OpenAI, toFile } from "openai";
export { zodResponseFormat, zodResponsesFunction, zodTextFormat } from "openai/helpers/zod";
export { OpenAIRealtimeWS } from "openai/realtime/ws";
