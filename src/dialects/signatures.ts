import type { DialectName } from "../contracts/ir.ts";

/**
 * Who may have a block of thinking back. A signature is good at the provider that made it alone, and travels to the caller
 * and back as one opaque string in whatever field the caller's dialect has for it. So the Responses API's carry their
 * dialect's name in front; those without one are Anthropic's.
 */
export function nameSignature(dialect: DialectName, signature: string): string {
  return `${dialect}:${signature}`;
}

/** The signature as `dialect` made it, or null when it is another's. */
export function ownSignature(dialect: DialectName, signature: string): string | null {
  return signature.startsWith(`${dialect}:`) ? signature.slice(dialect.length + 1) : null;
}

/** Whether it names the dialect it belongs to. Signatures are base64, which has no colon. */
export function isNamedSignature(signature: string): boolean {
  return /^[a-z][a-z-]*:/.test(signature);
}
