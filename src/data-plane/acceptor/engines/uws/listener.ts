import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket, us_socket_context_t } from "uWebSockets.js";
import type { ListenerSnapshot, TlsSnapshot } from "../../../../contracts/snapshot.ts";
import { hostPort } from "../../../../platform/host-port.ts";
import { type ClientAddressResolver, createClientAddressResolver } from "../../client-address.ts";
import type { EngineListener, ListenerEvents, Refusal } from "../engine.ts";
import { AnswerQueue } from "./answer-queue.ts";
import { uws } from "./library.ts";
import { OpenTransfers } from "./open-transfers.ts";
import { withBoundedReceiving } from "./receive-buffer.ts";
import { remoteAddressText } from "./remote-address.ts";
import { checkRequestHead } from "./request-head.ts";
import { statusLine } from "./status-line.ts";
import { type ConnectionPolicy, UwsExchange } from "./uws-exchange.ts";
import { webSocketBehavior } from "./uws-web-socket.ts";

/** One listening socket of one worker. Several workers listen on the same port (SO_REUSEPORT). */
export class UwsListener implements EngineListener {
  readonly #snapshot: ListenerSnapshot;
  readonly #events: ListenerEvents;
  readonly #policy: ConnectionPolicy = {
    closing: false,
    transfers: new OpenTransfers(),
    answers: new AnswerQueue(),
  };
  readonly #addresses: ClientAddressResolver;
  readonly #scheme: "http" | "https";
  readonly #app: TemplatedApp;
  #socket: us_listen_socket | null = null;
  #connections = 0;

  constructor(snapshot: ListenerSnapshot, events: ListenerEvents) {
    this.#snapshot = snapshot;
    this.#events = events;
    this.#addresses = createClientAddressResolver(snapshot.trustedProxies);
    this.#scheme = snapshot.tls === null ? "http" : "https";
    const route = (app: TemplatedApp) => this.#route(app);
    this.#app = snapshot.tls === null ? uws().App() : openTlsApp(snapshot, snapshot.tls, route);
    if (snapshot.tls === null) route(this.#app);
    this.#app.filter(this.#countConnection);
  }

  /** Open connections, idle ones included. */
  get connections(): number {
    return this.#connections;
  }

  readonly #countConnection = (_res: HttpResponse, change: number): void => {
    this.#connections += change;
  };

  /** The engine tells its filters of connections that are accepted, and of no end of one that has become a WebSocket. */
  readonly #webSocketOver = (): void => {
    this.#connections--;
  };

  #route(app: TemplatedApp): void {
    app.ws(
      "/*",
      webSocketBehavior((res, req, context) => this.#accept(res, req, context), this.#webSocketOver),
    );
    app.any("/*", (res, req) => this.#accept(res, req, null));
  }

  /** Resolves with the URL of the listener (its real port where 0 was asked for). */
  listen(): Promise<string> {
    const { host, port } = this.#snapshot;
    return new Promise((resolve, reject) => {
      const opened = (socket: us_listen_socket | false) => {
        if (socket === false) {
          const reason = "the address is in use, not of this machine, or needs rights";
          reject(new Error(`can't listen on ${hostPort(host, port)}: ${reason}`));
          return;
        }
        this.#socket = socket;
        resolve(`${this.#scheme}://${hostPort(host, uws().us_socket_local_port(socket))}`);
      };
      withBoundedReceiving(() => this.#app.listen(host, port, opened));
    });
  }

  /** Stops accepting; connections that are there get `connection: close` with their next answer. */
  stopAccepting(): void {
    this.#policy.closing = true;
    if (this.#socket !== null) uws().us_listen_socket_close(this.#socket);
    this.#socket = null;
  }

  /** Cuts every connection. */
  close(): void {
    this.#socket = null;
    this.#app.close();
  }

  /** `upgradeContext` null: it does not ask for a WebSocket. */
  #accept(res: HttpResponse, req: HttpRequest, upgradeContext: us_socket_context_t | null): void {
    const rawHeaders: string[] = [];
    req.forEach((name, value) => {
      rawHeaders.push(name, value);
    });
    const method = req.getCaseSensitiveMethod();
    const path = req.getUrl();
    const query = req.getQuery() ?? "";
    const head = checkRequestHead(method, path, query, rawHeaders, this.#snapshot.maxHeaderBytes);
    if (head.refusal !== null) {
      this.#refuse(res, path, head.refusal);
      return;
    }
    const peerAddress = remoteAddressText(res.getRemoteAddress());
    const caller = this.#addresses.isTrusted(peerAddress)
      ? this.#addresses.resolve(peerAddress, {
          forwarded: joined(rawHeaders, "forwarded"),
          forwardedFor: joined(rawHeaders, "x-forwarded-for"),
          forwardedProto: joined(rawHeaders, "x-forwarded-proto"),
        })
      : null;
    const { clientCertificate } = this.#snapshot;
    const certificate =
      caller === null || clientCertificate === null ? undefined : joined(rawHeaders, clientCertificate.header);
    const exchange = new UwsExchange(
      res,
      {
        method,
        path,
        query,
        host: head.host,
        scheme: caller?.scheme ?? this.#scheme,
        clientAddress: caller?.address ?? peerAddress,
        clientCertificate:
          certificate === undefined || clientCertificate === null
            ? null
            : { format: clientCertificate.format, value: certificate },
        peerAddress,
        contentLength: head.contentLength,
        maxBodyBytes: this.#snapshot.maxBodyBytes,
        rawHeaders,
      },
      this.#policy,
      upgradeContext,
    );
    this.#events.onExchange(exchange);
  }

  /**
   * Answers in a later turn: an answer in the same turn does not stop the parser, which would read what follows
   * as a request. If something does follow, uWebSockets.js cuts the connection by itself before the answer.
   */
  #refuse(res: HttpResponse, path: string, refusal: Refusal): void {
    let gone = false;
    res.onAborted(() => {
      gone = true;
    });
    const body = this.#events.onRefused(path, refusal);
    setImmediate(() => {
      if (gone) return;
      res.cork(() => {
        res.writeStatus(statusLine(refusal.status)).writeHeader("content-type", "application/json").end(body, true);
      });
    });
  }
}

function openTlsApp({ host, port }: ListenerSnapshot, tls: TlsSnapshot, route: (app: TemplatedApp) => void) {
  try {
    return createTlsApp(tls, route);
  } catch (error) {
    const what = `the certificate ${tls.certFile} or its key can't be used any more`;
    throw new Error(`can't listen on ${hostPort(host, port)}: ${what}`, { cause: error });
  }
}

function createTlsApp(tls: TlsSnapshot, route: (app: TemplatedApp) => void): TemplatedApp {
  const app = uws().SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile, ...passphrase(tls.passphrase) });
  route(app);
  for (const name of tls.serverNames) {
    app.addServerName(name.name, {
      cert_file_name: name.certFile,
      key_file_name: name.keyFile,
      ...passphrase(name.passphrase),
    });
    // Routes belong to a server name; `domain` selects the one the next routes are for.
    route(app.domain(name.name));
  }
  return app;
}

function passphrase(value: string | null): { passphrase?: string } {
  return value === null ? {} : { passphrase: value };
}

/** Several fields of one name are one list (RFC 9110 §5.3). */
function joined(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) value = value === undefined ? headers[i + 1] : `${value}, ${headers[i + 1]}`;
  }
  return value;
}
