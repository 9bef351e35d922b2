import { type Constants, constantText, hasVariables } from "./constants.ts";
import type { Scope } from "./scope.ts";

export interface ProxyPass {
  scheme: string;
  /** Name of an `upstream`, an address, or `unix:/path`. */
  address: string;
  /** What replaces the part of the path that matched; null: the path goes on as it is. */
  uri: string | null;
  /** It names the whole path of the call, rewritten or not, as the caller sent it. */
  keepsPath: boolean;
}

const WHOLE_PATH = /\$\{?request_uri\}?$|\$\{?uri\}?(?:\$\{?is_args\}?\$\{?args\}?)?$/;
const URL_PARTS = /^(https?):\/\/(unix:\/[^:]+|[^/?#:]+(?::\d+)?|\[[^\]]+\](?::\d+)?)(?::(?=\/))?(\/\S*)?$/i;

/** Why a `proxy_pass` can't be carried over, or what it says. */
export function readProxyPass(text: string, scope: Scope, constants: Constants): ProxyPass | string {
  const keepsPath = WHOLE_PATH.test(text);
  const given = keepsPath ? text.replace(WHOLE_PATH, "") : text;
  const constant = constantText(given, scope, constants);
  if (constant === null) return "its URL is made of variables, so where calls go differs from call to call";
  if (/^[^:]+:\/\/[^/]*@/.test(constant)) return "its URL holds credentials";
  const [, scheme, address, uri] = URL_PARTS.exec(constant) ?? [];
  if (scheme === undefined || address === undefined) return "its URL can't be read";
  if (keepsPath && uri !== undefined) return "it puts something before the whole path by a variable";
  if (hasVariables(text) && uri !== undefined) {
    return "with variables in its URL nginx sends every call to the one path of the URL";
  }
  return { scheme: scheme.toLowerCase(), address, uri: uri ?? null, keepsPath };
}
