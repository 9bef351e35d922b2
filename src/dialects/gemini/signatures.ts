/**
 * A thought signature is opaque bytes, in base64, that must come back as they are. Other providers have a second kind of
 * opaque thinking, blocks that are encrypted whole; to a caller of this dialect they are a thought without text, whose
 * signature says by its beginning what it is.
 */
const REDACTED = "redacted-thinking:";
/** A signature that is no base64, since it names its dialect. */
const NAMED = "signature:";

export type OpaqueThinking = { signature: string } | { redacted: string };

export function readSignature(thoughtSignature: string): OpaqueThinking {
  const bytes = Buffer.from(thoughtSignature, "base64").toString("latin1");
  if (bytes.startsWith(REDACTED)) return { redacted: bytes.slice(REDACTED.length) };
  return { signature: bytes.startsWith(NAMED) ? bytes.slice(NAMED.length) : thoughtSignature };
}

export function writeSignature({ signature, redacted }: { signature?: string; redacted?: string }): string | undefined {
  if (redacted !== undefined) return encoded(REDACTED + redacted);
  return signature?.includes(":") === true ? encoded(NAMED + signature) : signature;
}

function encoded(text: string): string {
  return Buffer.from(text, "latin1").toString("base64");
}
