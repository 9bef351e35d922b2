import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { RequestSchemaSnapshot } from "../../../contracts/policies.ts";
import { compileSchema, type SchemaValidator } from "../../../snapshot/json-schema/compile-schema.ts";
import { duplicateMember } from "./duplicate-member.ts";

export interface CompiledRequestSchema {
  readonly validate: SchemaValidator;
  /** Longer bodies are refused: they are held whole. */
  readonly maxBytes: number;
}

const compiled = new WeakMap<RequestSchemaSnapshot, CompiledRequestSchema>();

/** Once for a policy, whichever routes and callers it is of: callers' policies are put together while they call. */
export function compileRequestSchema(policy: RequestSchemaSnapshot): CompiledRequestSchema {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const made = { validate: compileSchema(policy.schema), maxBytes: policy.maxBytes };
  compiled.set(policy, made);
  return made;
}

/** Methods whose calls are about what is in their body (RFC 9110 §9.3.3, §9.3.4; RFC 5789). */
const NEED_BODY = new Set(["POST", "PUT", "PATCH"]);

/** RFC 8259; RFC 6839 §3.1. Without parameters that change anything. */
const JSON_TYPE = /^application\/(?:[\w.!#$&^+-]+\+)?json[ \t]*(?:;|$)/i;

/**
 * Whether there is a body to be checked. Throws where there is none but should be, or one that would be no JSON: what is not
 * checked must not get through under another name.
 */
export function expectsJson(exchange: Exchange): boolean {
  if (exchange.contentLength === 0) {
    if (!NEED_BODY.has(exchange.method)) return false;
    throw new GatewayError("schema_violation", "the request has no body, and a JSON body is asked for here");
  }
  requireJson(exchange, "it is checked against a schema");
  return true;
}

/** Throws `unsupported_media_type` for a body that is not said to be plain JSON. `reason`: why it has to be plain. */
export function requireJson(exchange: Exchange, reason: string): void {
  const type = exchange.header("content-type");
  if (type !== undefined && !JSON_TYPE.test(type)) {
    throw new GatewayError("unsupported_media_type", "the body must be JSON: send it as `application/json`");
  }
  const coding = exchange.header("content-encoding");
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    throw new GatewayError("unsupported_media_type", `the body must not be compressed: ${reason}`);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Throws `invalid_json` or `schema_violation`. */
export function checkBody({ validate }: CompiledRequestSchema, body: Buffer): void {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(body);
    value = JSON.parse(text);
  } catch {
    throw new GatewayError("invalid_json", "the request body is not JSON in UTF-8");
  }
  const duplicate = duplicateMember(text);
  if (duplicate !== null) {
    throw new GatewayError("schema_violation", `the request body does not fit: ${duplicate} is there twice`, {
      param: duplicate,
    });
  }
  const violations = validate(value);
  const [first] = violations;
  if (first === undefined) return;
  const said = violations.map(({ pointer, message }) => `${pointer === "" ? "the whole" : pointer} ${message}`);
  throw new GatewayError("schema_violation", `the request body does not fit: ${[...new Set(said)].join("; ")}`, {
    param: first.pointer,
  });
}
