import { Document } from "yaml";
import { formatNote, type ImportResult } from "./import-result.ts";

const LINE_WIDTH = 118;

/** `tidegate.yaml` as text: the notes as comments at its top, then the configuration. */
export function renderYaml(result: ImportResult, source: string): string {
  const document = new Document(result.configuration, { aliasDuplicateObjects: false });
  const head = [`Imported from ${source}.`];
  if (result.variables.length > 0) head.push("", `Environment variables it needs: ${result.variables.join(", ")}`);
  if (result.notes.length > 0) head.push("", "What it does not do as the source did:");
  for (const note of result.notes) head.push(...wrap(`- ${formatNote(note)}`));
  const comments = head.map((line) => (line === "" ? "#" : `# ${line}`)).join("\n");
  return `${comments}\n\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

/** Breaks at spaces; what follows the first line is indented by two. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.replace(/\p{Cc}/gu, " ").split(" ")) {
    if (line !== "" && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
