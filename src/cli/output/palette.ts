/** Colours of a terminal, or none. */
export interface Palette {
  added(text: string): string;
  changed(text: string): string;
  removed(text: string): string;
  faint(text: string): string;
  bold(text: string): string;
}

const plain = (text: string): string => text;
export const PLAIN: Palette = { added: plain, changed: plain, removed: plain, faint: plain, bold: plain };

/** SGR codes (ECMA-48 §8.3.117). */
const sgr = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
export const COLOURED: Palette = {
  added: sgr(32, 39),
  changed: sgr(33, 39),
  removed: sgr(31, 39),
  faint: sgr(2, 22),
  bold: sgr(1, 22),
};

/** No colour where there is no terminal, for `NO_COLOR` (https://no-color.org), and for a dumb one. */
export function paletteFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): Palette {
  const wanted = stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  return wanted ? COLOURED : PLAIN;
}
