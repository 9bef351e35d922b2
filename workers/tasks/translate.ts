import { runTranslateTask } from "../../src/data-plane/pipeline/ai/translate-task.ts";

/** Piscina task: translation of large bodies, off the event loop. */
export default runTranslateTask;
