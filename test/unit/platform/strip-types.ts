import ts from "typescript";

/** JavaScript of one file that imports nothing of ours, for a process of its own. */
export function stripTypeScriptTypes(source: string): string {
  const { ES2022 } = ts.ScriptTarget;
  return ts.transpileModule(source, { compilerOptions: { target: ES2022, module: ts.ModuleKind.ESNext } }).outputText;
}
