/** One thing wrong with a configuration. Never holds the value of a secret. */
export interface Problem {
  /** As the caller named it, or `environment`. */
  file: string;
  /** From 1; 0 when the problem has no place in the file. */
  line: number;
  column: number;
  /** e.g. `services[0].routes[1].path`; "" for the file as a whole. */
  path: string;
  message: string;
  /** The line itself; null where it holds, or may hold, a secret. */
  sourceLine: string | null;
}

export function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** One paragraph per problem, in the order of the file: place and message, then the line with a caret below it. */
export function formatProblems(problems: readonly Problem[]): string {
  return [...problems].sort(byPlace).map(formatProblem).join("\n");
}

function byPlace(a: Problem, b: Problem): number {
  return a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column;
}

function formatProblem(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file;
  const subject = problem.path === "" ? place : `${place} ${problem.path}`;
  return `${subject}: ${problem.message}${codeFrame(problem)}`;
}

const MAX_FRAME_COLUMNS = 160;

function codeFrame({ line, column, sourceLine }: Problem): string {
  if (sourceLine === null || line === 0 || column > MAX_FRAME_COLUMNS) return "";
  const number = String(line);
  const shown = sourceLine.slice(0, MAX_FRAME_COLUMNS).trimEnd();
  return `\n  ${number} | ${shown}\n  ${" ".repeat(number.length)} | ${" ".repeat(column - 1)}^`;
}
