import { Agent, request } from "undici";
import { ProblemError } from "../problem.ts";

/** Where calls go that are tried over the admin API. */
export interface Gateway {
  /** `http://host:port` of a listener. */
  url: string;
  /** A listener of this machine, called by an address that no certificate names. */
  isOwnListener: boolean;
  /** Headers that a listener believes from proxies: whoever tries a call is none. Lower case. */
  believedHeaders: readonly string[];
}

export interface TriedCall {
  method: string;
  /** With its query. */
  target: string;
  /** Null: the listener's own. */
  host: string | null;
  headers: Readonly<Record<string, string>>;
  body: Buffer | null;
}

export interface TriedAnswer {
  status: number;
  headers: [name: string, value: string][];
  body: Buffer;
  isTruncated: boolean;
  firstByteMs: number;
  totalMs: number;
}

const MAX_BODY_BYTES = 256 * 1024;
const ANSWER_LIMIT_MS = 30_000;
const RETRY_AFTER_MS = 1_000;
const CONNECT_LIMIT_MS = 2_000;
/** By whether certificates are checked. */
const agents = new Map<boolean, Agent>();

function agentFor({ isOwnListener }: Gateway): Agent {
  const rejectUnauthorized = !isOwnListener;
  const known = agents.get(rejectUnauthorized);
  if (known !== undefined) return known;
  const connect = { timeout: CONNECT_LIMIT_MS, rejectUnauthorized };
  const agent = new Agent({ connect, headersTimeout: ANSWER_LIMIT_MS });
  agents.set(rejectUnauthorized, agent);
  return agent;
}

/** One call, as any client would make it; redirects are not followed. Throws `unavailable` where nothing answers. */
export async function callGateway(gateway: Gateway, call: TriedCall): Promise<TriedAnswer> {
  const beganMs = performance.now();
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    const answer = await request(gateway.url + call.target, {
      dispatcher: agentFor(gateway),
      method: call.method,
      headers: { ...call.headers, ...(call.host === null ? {} : { host: call.host }) },
      body: call.body,
      signal,
    });
    const firstByteMs = performance.now() - beganMs;
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of answer.body) {
      parts.push(part);
      length += part.length;
      // Leaving the loop closes the connection: an endless stream ends here.
      if (length > MAX_BODY_BYTES) break;
    }
    return {
      status: answer.statusCode,
      headers: listOf(answer.headers),
      body: Buffer.concat(parts).subarray(0, MAX_BODY_BYTES),
      isTruncated: length > MAX_BODY_BYTES,
      firstByteMs: Math.round(firstByteMs),
      totalMs: Math.round(performance.now() - beganMs),
    };
  } catch (cause) {
    const reason = signal.aborted ? `no answer within ${ANSWER_LIMIT_MS / 1000} s` : "the gateway does not answer";
    throw new ProblemError("unavailable", reason, { cause, retryAfterMs: RETRY_AFTER_MS });
  }
}

function listOf(headers: Readonly<Record<string, string | string[] | undefined>>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) => {
    return [value ?? []].flat().map((one): [string, string] => [name, one]);
  });
}
