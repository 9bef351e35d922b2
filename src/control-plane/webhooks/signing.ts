import { createHmac, randomBytes } from "node:crypto";

const SECRET_BYTES = 32;
const PREFIX = "whsec_";

export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString("base64");
}

/** The headers of a delivery, as Standard Webhooks has them (standardwebhooks.com, "Signature scheme"). */
export function signatureHeaders(
  secret: string,
  delivery: { id: string; atMs: number; body: string },
): Record<string, string> {
  const seconds = Math.floor(delivery.atMs / 1000);
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signed = `${delivery.id}.${seconds}.${delivery.body}`;
  return {
    "webhook-id": delivery.id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${createHmac("sha256", key).update(signed).digest("base64")}`,
  };
}
