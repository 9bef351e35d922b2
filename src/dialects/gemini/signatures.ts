/**
 * A thought signature is opaque bytes, in base64, that must come back as they are. Other providers have a second kind of
 * opaque thinking, blocks that are encrypted whole; to a caller of this dialect they are a thought without text, whose
 * signature says by its beginning what it is.
 */
const REDACTED = "redacted-thinking:";

export type OpaqueThinking = { signature: string } | { redacted: string };

export function readSignature(thoughtSignature: string): OpaqueThinking {
  const bytes = Buffer.from(thoughtSignature, "base64").toString("latin1");
  return bytes.startsWith(REDACTED) ? { redacted: bytes.slice(REDACTED.length) } : { signature: thoughtSignature };
}

export function writeSignature({ signature, redacted }: { signature?: string; redacted?: string }): string | undefined {
  return redacted === undefined ? signature : Buffer.from(REDACTED + redacted, "latin1").toString("base64");
}
