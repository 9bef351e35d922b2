/** Names, notes and paths come from others: they must not move the cursor of a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
