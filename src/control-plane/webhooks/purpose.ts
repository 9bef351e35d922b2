/** What secrets of webhooks are sealed for (src/platform/seal.ts). */
export const WEBHOOK_SECRET = "webhook secret";
