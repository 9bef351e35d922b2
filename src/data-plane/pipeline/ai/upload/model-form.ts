import { GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import type { InspectedRequest } from "../translation.ts";
import type { FormPart } from "./multipart-scanner.ts";
import { type FormRequest, MultipartUpload, type WantedPart } from "./multipart-upload.ts";

const MAX_MODEL_BYTES = 1024;

const MODEL: WantedPart = {
  description: "the field `model`",
  param: "model",
  // Some providers take a file without a name for a field.
  isPart: ({ name }) => name === "model",
  wantsValue: true,
};

/** A form that names a model, and goes where that leads. */
export class ModelForm {
  readonly #upload: MultipartUpload;
  #model: FormPart | null = null;

  constructor(context: Context, boundary: string) {
    this.#upload = new MultipartUpload(context, boundary, MODEL);
  }

  get isSpent(): boolean {
    return this.#upload.isSpent;
  }

  start(onInspected: (request: InspectedRequest) => void): void {
    this.#upload.start((part) => {
      this.#model = part;
      const { start, end, fileName } = part;
      if (fileName !== null)
        throw new GatewayError("invalid_request", "`model` must be a field, not a file", { param: "model" });
      const model = end - start > MAX_MODEL_BYTES ? "" : this.#upload.held(start, end).toString();
      if (model === "") throw new GatewayError("invalid_request", "`model` must name a model", { param: "model" });
      onInspected({ model, stream: false, includeUsage: true, encodingFormat: "float" });
    });
  }

  /** With the target's name for the model. */
  request(model: string): FormRequest {
    const { start, end } = this.#model as FormPart;
    return this.#upload.request({ start, end, text: model });
  }
}
