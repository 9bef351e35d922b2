import type { Check } from "./check.ts";

/** Headers the gateway frames and routes messages with itself (RFC 9110 §7.6.1, §8.6; RFC 9112 §6). */
const FRAMING_HEADERS = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export const checkHeaderEdits: Check = ({ root, report }) => {
  const owners = [
    ...root
      .at("providers")
      .items()
      .map((provider) => provider.at("headers")),
    ...root
      .at("services")
      .items()
      .flatMap((service) =>
        ["request_headers", "response_headers"].flatMap((edits) => [
          service.at(edits, "add"),
          service.at(edits, "set"),
        ]),
      ),
  ];
  for (const owner of owners) {
    for (const name of owner.keys()) {
      if (FRAMING_HEADERS.has(name.toLowerCase())) report(owner.at(name).path, "the gateway sets this header itself");
    }
  }
};
