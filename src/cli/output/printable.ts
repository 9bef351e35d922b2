/** Names, notes and paths come from others: they must not move the cursor of a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}

/** Messages about documents quote them: whatever those hold, a message stays one line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ");
}
