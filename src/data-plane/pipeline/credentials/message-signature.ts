import {
  type InnerList,
  type Item,
  parseDictionary,
  StructuredFieldError,
  serializeInnerList,
  serializeItem,
} from "./structured-fields.ts";

/** HTTP Message Signatures (RFC 9421): which ones a request carries, and the bytes that each of them signs. */

/** What of a request can be signed. */
export interface SignableRequest {
  readonly method: string;
  readonly scheme: string;
  /** As `Host` says it. */
  readonly authority: string;
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** All values of a field, in order, name in lower case. */
  fieldValues(name: string): readonly string[];
}

export interface MessageSignature {
  readonly keyId: string | null;
  /** Names of the covered components. */
  readonly components: ReadonlySet<string>;
  readonly covered: InnerList;
  readonly signature: Buffer;
  /** Unix time in seconds; null: not told. */
  readonly created: number | null;
  readonly expires: number | null;
  readonly algorithm: string | null;
}

/** The request can't be what was signed, or this gateway can't tell. The message is for the caller. */
export class SignatureError extends Error {}

/** The signatures of a request, from `Signature-Input` and `Signature`. */
export function parseSignatures(input: string, signature: string): MessageSignature[] {
  try {
    const bytesByLabel = parseDictionary(signature);
    const found: MessageSignature[] = [];
    for (const [label, covered] of parseDictionary(input)) {
      if (!("items" in covered)) throw new SignatureError("a member of `Signature-Input` is no list of components");
      const member = bytesByLabel.get(label);
      if (member === undefined || "items" in member || member.item.type !== "bytes") {
        throw new SignatureError("`Signature` has no bytes for a label of `Signature-Input`");
      }
      found.push(describe(covered, member.item.value));
    }
    return found;
  } catch (error) {
    if (!(error instanceof StructuredFieldError)) throw error;
    throw new SignatureError(`\`Signature-Input\` or \`Signature\` is malformed: ${error.message}`);
  }
}

function describe(covered: InnerList, signature: Buffer): MessageSignature {
  const text = (name: string) => {
    const item = covered.parameters.get(name);
    return item?.type === "string" ? item.value : null;
  };
  const time = (name: string) => {
    const item = covered.parameters.get(name);
    return item?.type === "integer" ? item.value : null;
  };
  return {
    keyId: text("keyid"),
    components: new Set(covered.items.map(({ item }) => (item.type === "string" ? item.value : ""))),
    covered,
    signature,
    created: time("created"),
    expires: time("expires"),
    algorithm: text("alg"),
  };
}

/** What is signed (RFC 9421 §2.5). */
export function signatureBase(covered: InnerList, request: SignableRequest): string {
  const seen = new Set<string>();
  let base = "";
  for (const component of covered.items) {
    const name = componentName(component);
    if (seen.has(name)) throw new SignatureError(`component "${name}" is listed twice`);
    seen.add(name);
    base += `"${name}": ${componentValue(name, request)}\n`;
  }
  return `${base}"@signature-params": ${serializeInnerList(covered)}`;
}

/** Parameters of components speak of other messages, of trailers, or of other ways to write a value: none is taken here. */
function componentName({ item, parameters }: Item): string {
  if (item.type !== "string") throw new SignatureError("a covered component is no quoted name");
  if (parameters.size > 0) {
    throw new SignatureError(
      "covered components with parameters (`;sf`, `;key`, `;bs`, `;tr`, `;req`) are not supported",
    );
  }
  const name = serializeItem(item).slice(1, -1);
  if (!/^@?[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
    throw new SignatureError("a covered component is no header name in lower case, and no derived component");
  }
  return name;
}

function componentValue(name: string, request: SignableRequest): string {
  if (!name.startsWith("@")) return fieldValue(name, request);
  const query = request.query === "" ? "" : `?${request.query}`;
  switch (name) {
    case "@method":
      return request.method;
    case "@authority":
      return authorityOf(request);
    case "@scheme":
      return request.scheme;
    case "@path":
      return request.path;
    case "@query":
      return `?${request.query}`;
    case "@request-target":
      return request.path + query;
    case "@target-uri":
      return `${request.scheme}://${authorityOf(request)}${request.path}${query}`;
    default:
      throw new SignatureError(
        `component "${name}" is not supported: use @method, @authority, @path, @query, @target-uri, @request-target, @scheme or header names`,
      );
  }
}

/** RFC 9421 §2.1: values without surrounding blanks, joined by a comma and a space. */
function fieldValue(name: string, request: SignableRequest): string {
  const values = request.fieldValues(name);
  if (values.length === 0) throw new SignatureError(`the signature covers "${name}", which the request does not have`);
  return values.map((value) => value.trim()).join(", ");
}

/** RFC 9421 §2.2.3: lower case, without the scheme's own port. */
function authorityOf({ authority, scheme }: SignableRequest): string {
  const lower = authority.toLowerCase();
  const port = scheme === "https" ? ":443" : ":80";
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
