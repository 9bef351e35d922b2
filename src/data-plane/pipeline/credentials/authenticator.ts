import { hash } from "node:crypto";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { Context, StageOutcome } from "../context.ts";
import { keyOfProtocols } from "../realtime/web-sockets.ts";
import type { Runtime } from "../runtime.ts";
import { bodyLimitBytes, bodyTooLarge, holdBody } from "../stages/guard.ts";
import { isBasic } from "./basic.ts";
import type { CompiledCredentials } from "./compile-credentials.ts";
import { type CompiledCredential, refusalOf } from "./compiled-credential.ts";
import {
  type KnownSignature,
  SIGNATURE_HEADERS,
  spendSignature,
  verifyBody,
  verifySignature,
} from "./hmac-signatures.ts";
import { looksLikeToken } from "./jwt-tokens.ts";
import { SignatureError } from "./message-signature.ts";
import type { VerifiedToken } from "./verified-tokens.ts";

/** Where the gateway's key may stand, in the order in which they count: SDKs of every provider work as they are. */
const KEY_HEADERS = ["x-api-key", "x-goog-api-key", "api-key", "authorization"] as const;
const AUTHORIZATION = ["authorization"] as const;
const NONE: readonly string[] = [];
const BEARER = /^bearer +/i;

/**
 * Finds the caller's application. The first of these that is an application's counts: API key, user name and password,
 * JSON Web Token, message signature, client certificate. One that is an application's and does not hold any more (or not
 * from here) refuses the call, unless another one is good. What nobody here knows may be meant for the service.
 */
export class Authenticator {
  readonly #credentials: CompiledCredentials;
  readonly #runtime: Pick<Runtime, "limits" | "fastPath">;

  constructor(credentials: CompiledCredentials, runtime: Pick<Runtime, "limits" | "fastPath">) {
    this.#credentials = credentials;
    this.#runtime = runtime;
  }

  /** Throws GatewayError. */
  authenticate(context: Context): StageOutcome {
    const { exchange } = context;
    const { callers, basic, tokens, signatures, certificateHeaders } = this.#credentials;
    context.credentialHeaders = certificateHeaders;
    let sent = false;
    let refusal: GatewayError | null = null;
    let token: string | null = null;
    let tokenDigest = "";
    // All of them are looked at: an upstream may want a key of its own beside ours, and must not see ours at all.
    for (const name of KEY_HEADERS) {
      const key = readKey(exchange, name);
      if (key === null) continue;
      sent = true;
      const digest = hash("sha256", key, "hex");
      const credential = callers.findKey(digest);
      if (credential !== null) {
        const refused = this.#use(context, credential, [name]);
        if (refused === null) this.#runtime.fastPath?.learnKey(context, digest, credential);
        refusal = refused ?? refusal;
      } else if (name === "authorization" && tokens !== null && looksLikeToken(key)) {
        token = key;
        tokenDigest = digest;
      }
    }
    const queryKey = keyOfQuery(context) ?? keyOfSocket(context);
    if (queryKey !== null) {
      sent = true;
      const credential = callers.findKey(hash("sha256", queryKey, "hex"));
      if (credential !== null) refusal = this.#use(context, credential, NONE) ?? refusal;
    }
    if (basic !== null) {
      const authorization = exchange.header("authorization");
      if (authorization !== undefined && isBasic(authorization)) {
        sent = true;
        const credential = basic.find(authorization);
        if (credential !== null) refusal = this.#use(context, credential, AUTHORIZATION) ?? refusal;
      }
    }
    if (context.application !== null) {
      if (signatures !== null) this.#hideSignature(context);
      return "next";
    }
    if (refusal !== null) throw refusal;
    if (token !== null) return this.#byToken(context, token, tokenDigest);
    return this.#bySignature(context, sent ? UNKNOWN : null);
  }

  // --- JSON Web Tokens ---

  #byToken(context: Context, token: string, digest: string): StageOutcome {
    const { tokens } = this.#credentials;
    if (tokens === null) return this.#bySignature(context, UNKNOWN);
    const known = tokens.known(digest, context.startedAtMs);
    if (known !== null) return this.#useToken(context, known, digest);
    tokens.verify(token, digest, context.startedAtMs).then(
      (verified) => {
        if (context.finished) return;
        try {
          const outcome =
            verified instanceof GatewayError
              ? this.#bySignature(context, verified)
              : this.#useToken(context, verified, digest);
          if (outcome === "next") context.pipeline.resume(context);
        } catch (error) {
          context.pipeline.fail(context, error);
        }
      },
      (error: unknown) => context.pipeline.fail(context, error),
    );
    return "wait";
  }

  #useToken(context: Context, token: VerifiedToken, digest: string): StageOutcome {
    const { credential, forwards } = token;
    if (credential === null) return this.#bySignature(context, NOBODYS_TOKEN);
    const refusal = this.#use(context, credential, forwards ? NONE : AUTHORIZATION);
    if (refusal !== null) throw refusal;
    context.tokenExpiresAtMs = token.expiresAtMs;
    if (!forwards) this.#runtime.fastPath?.learnToken(context, digest, credential, token.untilMs);
    return "next";
  }

  // --- message signatures ---

  /** `reason`: why what was sent besides does not count; null: nothing was. */
  #bySignature(context: Context, reason: GatewayError | null): StageOutcome {
    const { signatures } = this.#credentials;
    if (signatures === null) return this.#byCertificate(context, reason);
    let found: KnownSignature | null = null;
    try {
      found = signatures.find(context.exchange);
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      return this.#byCertificate(context, new GatewayError("invalid_signature", error.message));
    }
    if (found === null) {
      const sent = context.exchange.header(SIGNATURE_HEADERS[0]) !== undefined;
      return this.#byCertificate(context, reason ?? (sent ? UNKNOWN : null));
    }
    verifySignature(found, context.exchange, context.startedAtMs);
    const refusal = this.#use(context, found.key.credential, SIGNATURE_HEADERS);
    if (refusal !== null) throw refusal;
    return this.#checkSignedBody(context, found);
  }

  /** The head is signed by who knows the secret: only now is the body worth reading. */
  #checkSignedBody(context: Context, found: KnownSignature): StageOutcome {
    const { exchange, target } = context;
    if (target === null || target.kind === "health") return "next";
    if (exchange.contentLength === 0) {
      this.#acceptSigned(context, found, NO_BODY);
      return "next";
    }
    const limitBytes = bodyLimitBytes(target, exchange);
    if (exchange.contentLength > limitBytes) throw bodyTooLarge(limitBytes, exchange.contentLength);
    return holdBody(context, limitBytes, (body) => this.#acceptSigned(context, found, body));
  }

  #acceptSigned(context: Context, found: KnownSignature, body: Uint8Array): void {
    verifyBody(context.exchange, body);
    spendSignature(found, this.#runtime.limits, context.startedAtMs);
  }

  /** Beside another credential it does not count, and is not spent: whoever saw it could send it once more. */
  #hideSignature(context: Context): void {
    try {
      if (this.#credentials.signatures?.find(context.exchange) === null) return;
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      return;
    }
    context.credentialHeaders = [...context.credentialHeaders, ...SIGNATURE_HEADERS];
  }

  // --- certificates ---

  #byCertificate(context: Context, reason: GatewayError | null): StageOutcome {
    const { certificates } = this.#credentials;
    const { clientCertificate } = context.exchange;
    let why = reason;
    if (certificates !== null && clientCertificate !== null) {
      const credential = certificates.find(clientCertificate);
      if (credential !== null) {
        const refusal = this.#use(context, credential, NONE);
        if (refusal !== null) throw refusal;
        return "next";
      }
      why ??= UNKNOWN_CERTIFICATE;
    }
    if (context.target?.kind !== "health" && context.target?.service.access === "open") return "next";
    throw why ?? MISSING;
  }

  /** Takes the credential, or says why it can't be used. Either way it stays here. */
  #use(context: Context, credential: CompiledCredential, headers: readonly string[]): GatewayError | null {
    if (headers.length > 0) context.credentialHeaders = [...context.credentialHeaders, ...headers];
    if (context.application !== null) return null;
    const refusal = refusalOf(credential, context.exchange, context.startedAtMs);
    if (refusal === null) {
      context.application = credential.application;
      context.credential = credential;
    }
    return refusal;
  }
}

function readKey(exchange: Exchange, name: string): string | null {
  const value = exchange.header(name);
  if (value === undefined || name !== "authorization") return value ?? null;
  return BEARER.test(value) ? value.replace(BEARER, "").trim() : null;
}

/** As browsers have to send it: a WebSocket of theirs has no headers of one's own. */
function keyOfSocket({ target, exchange }: Context): string | null {
  return target?.kind === "ai" && target.endpoint === "realtime" ? keyOfProtocols(exchange) : null;
}

/** Clients of Gemini may send their key as `?key=`. To a provider goes a query of the gateway's own, so it stays here. */
function keyOfQuery({ target, exchange }: Context): string | null {
  if (exchange.query === "" || target?.kind !== "ai" || target.inbound.name !== "gemini") return null;
  return new URLSearchParams(exchange.query).get("key");
}

const NO_BODY = new Uint8Array();

const UNKNOWN = new GatewayError(
  "invalid_credentials",
  "these credentials are not known: check them, or ask for new ones",
);
const NOBODYS_TOKEN = new GatewayError(
  "invalid_credentials",
  "the token is valid, but its claims name no application that is known here",
);
const UNKNOWN_CERTIFICATE = new GatewayError("invalid_credentials", "the client certificate is no application's");
const MISSING = new GatewayError(
  "missing_credentials",
  "send your API key as `Authorization: Bearer <key>` or `x-api-key`",
);
