import { problem } from "./schemas.ts";

/** Of an answer that says what went wrong, in the document. */
export const PROBLEM_CONTENT = { "application/problem+json": { schema: problem } };
