/** `http://unix:/path/to.sock:/prefix`, as nginx writes it: HTTP over a Unix socket. */
export interface UnixUrl {
  socketPath: string;
  /** Put before every path; "" or without a trailing slash. */
  pathPrefix: string;
}

const UNIX_URL = /^http:\/\/unix:(\/[^:]*)(?::(\/.*)?)?$/i;
/** What `sun_path` holds with its final zero (unix(7)). */
const MAX_PATH_BYTES = 107;

/** Null: not a URL of this kind, or one whose socket can't be. */
export function parseUnixUrl(url: string): UnixUrl | null {
  const [, socketPath, prefix = ""] = UNIX_URL.exec(url) ?? [];
  if (socketPath === undefined || Buffer.byteLength(socketPath) > MAX_PATH_BYTES) return null;
  return { socketPath, pathPrefix: prefix.replace(/\/+$/, "") };
}
