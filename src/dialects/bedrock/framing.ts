import type { SseEvent, StreamFraming, StreamReader } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import { writeHeaders } from "../event-stream/headers.ts";
import { type EventStreamMessage, EventStreamReader } from "../event-stream/reader.ts";
import { writeMessage } from "../event-stream/writer.ts";

/** The event that stands for a message of type `error`, which AWS sends for what is no exception of the operation. */
export const ERROR_EVENT = "error";

const written = new Map<string, Buffer>();

/**
 * Streams of ConverseStream: a message of the event stream encoding is an event, named by `:event-type`, or by
 * `:exception-type`, which ends in `Exception` as no event does.
 */
export const bedrockFraming: StreamFraming = {
  contentType: "application/vnd.amazon.eventstream",
  createReader(maxEventBytes, onEvent): StreamReader {
    return new EventStreamReader(maxEventBytes, (message) => onEvent(eventOf(message), message.bytes));
  },
  format(event, data) {
    let headers = written.get(event);
    if (headers === undefined) {
      const type = isException(event) ? "exception" : "event";
      headers = writeHeaders([`:${type}-type`, event, ":content-type", "application/json", ":message-type", type]);
      // Names are ours, about a dozen.
      written.set(event, headers);
    }
    return writeMessage(headers, data);
  },
};

export function isException(event: string): boolean {
  return event.endsWith("Exception");
}

function eventOf({ headers, payload }: EventStreamMessage): SseEvent {
  const type = headers.get(":message-type");
  if (type === "error") {
    const code = headers.get(":error-code") ?? "";
    return { event: ERROR_EVENT, data: JSON.stringify({ code, message: headers.get(":error-message") ?? "" }) };
  }
  const event = headers.get(type === "exception" ? ":exception-type" : ":event-type");
  if (event === undefined) {
    throw new GatewayError("upstream_protocol_error", "The provider's stream holds a message that names no event.");
  }
  return { event, data: payload.toString() };
}
