import type { CallAddress } from "../../../contracts/dialect.ts";
import type { InboundName } from "../../../dialects/index.ts";
import type { Context } from "../context.ts";
import type { ModelRoute } from "./model-routes.ts";
import type { RequestBuilder } from "./request-builder.ts";
import type { Pin } from "./stored/pin.ts";
import type { AiOperation, InspectedRequest } from "./translation.ts";
import type { ModelForm } from "./upload/model-form.ts";

/** A call to a model, of which is known what is asked and where it goes. */
export interface RoutedCall {
  context: Context;
  operation: AiOperation;
  inbound: InboundName;
  /** Null: the body says what is asked of which model. */
  address: CallAddress | null;
  request: InspectedRequest;
  route: ModelRoute;
  /** Where it has to go, because of what it names; null: wherever its route leads. */
  pin: Pin | null;
  /** null: the body is a form. */
  builder: RequestBuilder | null;
  /** null: it is none. */
  upload: ModelForm | null;
  maxResponseBytes: number;
  /** Longer bodies are translated in the pool. */
  offloadBytes: number;
  /** Calls like this one may be carried natively from now on. */
  isLearnable: boolean;
}
