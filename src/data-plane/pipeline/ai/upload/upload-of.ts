import type { Context } from "../../context.ts";
import type { AiOperation } from "../translation.ts";
import { ModelForm } from "./model-form.ts";
import { boundaryOf } from "./multipart-scanner.ts";
import { takesForms } from "./streams-upload.ts";

/** null: the call has no form, and its body is read as any other. */
export function uploadOf(context: Context, operation: AiOperation): ModelForm | null {
  if (!takesForms(operation)) return null;
  const boundary = boundaryOf(context.exchange.header("content-type"));
  return boundary === null ? null : new ModelForm(context, boundary);
}
