import { GatewayError } from "../contracts/errors.ts";

const MODELS = "/models/";

/** What follows `/models/` in a path: the name of a model, whose slashes may be plain or escaped. */
export function modelOfPath(path: string): string {
  const plain = decoded(path);
  return plain.slice(plain.indexOf(MODELS) + MODELS.length);
}

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GatewayError("invalid_request", "the model name is not validly percent-encoded");
  }
}
