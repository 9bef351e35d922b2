import type { CustomFetch } from "openid-client";
import { ProblemError } from "../problem.ts";

const ANSWER_LIMIT_BYTES = 1024 * 1024;
const RETRY_AFTER_MS = 5_000;

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** HTTPS, or HTTP that does not leave the machine: tokens and secrets go there (OIDC Core §16.17). */
export function isSafeUrl(url: URL): boolean {
  return url.protocol === "https:" || isLoopbackHttp(url);
}

export function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && LOOPBACK_HOST.test(hostname);
}

/**
 * What requests to identity providers go through: to safe addresses only, without following redirects, in limited time (from the
 * connection to the last byte) and with limited answers. It throws `identity_provider_unreachable` when there is no answer, or one
 * that says it is their fault.
 */
export function providerFetch(limitMs: number): CustomFetch {
  return async (url, { method, headers, body, redirect }) => {
    const target = new URL(url);
    requireSafeUrl(target);
    const signal = AbortSignal.timeout(limitMs);
    const sent = body ? { body: body as NonNullable<RequestInit["body"]> } : {};
    try {
      const answer = await fetch(target, { method, headers, redirect, signal, ...sent });
      const bytes = await readLimited(answer);
      if (answer.status >= 500) throw unreachable(`${target.origin} answers ${answer.status}`);
      return new Response(bytes.length === 0 ? null : bytes, { status: answer.status, headers: answer.headers });
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      const reason = error instanceof Error && error.name === "TimeoutError" ? "too slow" : reasonOf(error);
      throw unreachable(`${target.origin} does not answer: ${reason}`);
    }
  };
}

/** Throws `identity_provider_failed`. */
export function requireSafeUrl(url: URL): void {
  if (isSafeUrl(url)) return;
  const message = `the identity provider names ${url.origin}: it must be HTTPS`;
  throw new ProblemError("identity_provider_failed", message);
}

async function readLimited(answer: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body ?? []) {
    length += part.length;
    if (length > ANSWER_LIMIT_BYTES) {
      throw new ProblemError("identity_provider_failed", `an answer has more than ${ANSWER_LIMIT_BYTES} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function unreachable(message: string): ProblemError {
  return new ProblemError("identity_provider_unreachable", message, { retryAfterMs: RETRY_AFTER_MS });
}

/** `fetch failed` says nothing; its cause has a code of Node's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
