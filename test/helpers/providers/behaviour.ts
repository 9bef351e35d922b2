/** What a simulated provider does to one request instead of answering it as it should. */
export type Behaviour =
  /** Nothing special: a place holder in a row of behaviours. */
  | { kind: "ok" }
  /** Answers as it should, but later. */
  | { kind: "delay"; ms: number }
  /** This answer. `body`: an object is sent as JSON, a text as HTML. */
  | { kind: "status"; status: number; headers?: Record<string, string>; body?: unknown }
  /** Answers as it should, compressed; `coding` of another name than these: as it is, and said to be. */
  | { kind: "compress"; coding: "gzip" | "deflate" | "br" | "zstd" }
  /** Resets the connection before the head of the answer. */
  | { kind: "reset" }
  /** Never answers. */
  | { kind: "stall" }
  /** Sends half a head and closes its side. */
  | { kind: "half-close" }
  /** Something that is not HTTP. */
  | { kind: "garbage" }
  /** Status 200 and content type JSON over an HTML page. */
  | { kind: "not-json" }
  /** Announces more bytes than it sends before it closes. */
  | { kind: "length-too-long" }
  /** Announces fewer bytes than it sends. */
  | { kind: "length-too-short" }
  /** A stream of these events, so far apart. */
  | { kind: "events"; events: readonly (string | Buffer)[]; intervalMs: number }
  /** Falls silent within a stream. */
  | { kind: "stall-stream"; afterEvents: number }
  /** Resets the connection within a stream. */
  | { kind: "cut-stream"; afterEvents: number }
  /** Ends the body properly, with the dialect's end of an answer still missing. */
  | { kind: "end-stream"; afterEvents: number }
  /** Puts an event with broken JSON into a stream, which then goes on. */
  | { kind: "malformed-event"; afterEvents: number }
  /** Ends the stream with the provider's error event; 0: it is the first event. */
  | { kind: "error-event"; afterEvents: number; event?: string };
