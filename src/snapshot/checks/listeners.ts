import { parseListenAddress } from "../schema/addresses.ts";
import { parseSize } from "../schema/scalars.ts";
import type { Check } from "./check.ts";
import type { Cursor } from "./cursor.ts";

export const checkListeners: Check = ({ root, report, warn }) => {
  const seen = new Map<string, string>();
  for (const listener of root.at("listeners").items()) {
    if (listener.at("engine").value === "native" && listener.at("tls").value != null) {
      report(
        listener.at("engine").path,
        "TLS is spoken by the engine `uws` alone: write `engine: uws`, or leave it out",
      );
    }
    const address = addressOf(listener);
    if (address === undefined) continue;
    const first = seen.get(address);
    const place = `listeners[${listener.path[1]}]`;
    if (first !== undefined) report(listener.at("address").path, `the same address as ${first}`);
    else seen.set(address, place);
  }

  const longest = longestBody(root);
  const limited = [...root.at("services").items(), root.at("ai")];
  for (const owner of limited) {
    const limit = parseSize(owner.at("max_body_size").value);
    if (limit !== undefined && limit > longest) {
      warn(owner.at("max_body_size").path, "above the max_body_size of every listener, which holds first");
    }
  }
};

/** Port 0 takes any free port, so it never collides. */
function addressOf(listener: Cursor): string | undefined {
  try {
    const address = parseListenAddress(listener.at("address").value);
    return address === undefined || address.port === 0 ? undefined : `${address.host} ${address.port}`;
  } catch {
    return undefined; // Reported by the schema.
  }
}

const DEFAULT_MAX_BODY_BYTES = 10 * 1024 ** 2;

function longestBody(root: Cursor): number {
  const listeners = root.at("listeners").items();
  if (listeners.length === 0) return DEFAULT_MAX_BODY_BYTES;
  return Math.max(...listeners.map((one) => parseSize(one.at("max_body_size").value) ?? DEFAULT_MAX_BODY_BYTES));
}
