import type { Check } from "./check.ts";
import { policiesOf } from "./policies-of.ts";

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
  const edited = [...root.at("services").items(), ...policiesOf(root).map(({ policies }) => policies)];
  const owners = [
    ...root
      .at("providers")
      .items()
      .map((provider) => provider.at("headers")),
    ...edited.flatMap((owner) =>
      ["request_headers", "response_headers"].flatMap((edits) => [owner.at(edits, "add"), owner.at(edits, "set")]),
    ),
    ...policiesOf(root).map(({ policies }) => policies.at("mock", "headers")),
  ];
  for (const owner of owners) {
    for (const name of owner.keys()) {
      if (FRAMING_HEADERS.has(name.toLowerCase())) report(owner.at(name).path, "the gateway sets this header itself");
    }
  }
};
