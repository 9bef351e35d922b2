/**
 * One server-sent event as text. `event` is left out when "". Data of several lines becomes several `data` fields, which
 * a reader joins by LF again (a CR does not survive; JSON text holds neither).
 */
export function formatSse(event: string, data: string): string {
  const head = event === "" ? "" : `event: ${event}\n`;
  if (!data.includes("\n") && !data.includes("\r")) return `${head}data: ${data}\n\n`;
  return `${head}data: ${data.split(/\r\n|\r|\n/).join("\ndata: ")}\n\n`;
}
