/**
 * A system or developer message in the middle of a conversation, for providers that take such instructions only at the
 * start: it stays where it was, as text of the user's turn inside `<system>` tags. Moving it to the start would change
 * what it refers to.
 */
export function instructionAsUserText(text: string): string {
  return `<system>\n${text}\n</system>`;
}
