import type { Exchange } from "../../../../contracts/exchange.ts";
import type { AiEndpoint } from "../../compiled.ts";

/** Endpoints that take forms with files. */
const UPLOADS: ReadonlySet<AiEndpoint> = new Set<AiEndpoint>([
  "transcriptions",
  "translations",
  "image_edits",
  "files",
]);
/** Forms up to this are held whole: another attempt can send them again. */
const HELD_FORM_BYTES = 1024 * 1024;

export function takesForms(endpoint: AiEndpoint): boolean {
  return UPLOADS.has(endpoint);
}

/** Whether a body goes on as it comes, in the place of being read before the attempt. */
export function streamsUpload(endpoint: AiEndpoint, exchange: Exchange): boolean {
  const { contentLength } = exchange;
  if (!UPLOADS.has(endpoint) || (contentLength >= 0 && contentLength <= HELD_FORM_BYTES)) return false;
  return exchange.header("content-type")?.startsWith("multipart/form-data") === true;
}
