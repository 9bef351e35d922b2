/** Parts of a base64 `data:` URL (RFC 2397); parameters such as `charset` are dropped. */
export interface DataUrl {
  mediaType: string;
  data: string;
}

/** null when `url` is not a base64 `data:` URL that names its media type. */
export function parseDataUrl(url: string): DataUrl | null {
  if (!url.startsWith("data:")) return null;
  const comma = url.indexOf(",");
  if (comma === -1) return null;
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(mediaType) || parameters.at(-1)?.trim() !== "base64") return null;
  return { mediaType, data: url.slice(comma + 1) };
}

export function formatDataUrl({ mediaType, data }: DataUrl): string {
  return `data:${mediaType};base64,${data}`;
}
