import { Authenticator } from "../credentials/authenticator.ts";
import type { CompiledCredentials } from "../credentials/compile-credentials.ts";
import type { Stage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 3. The application that calls, by its credentials: keys are neither stored nor compared in the clear. */
export function compile(credentials: CompiledCredentials, runtime: Pick<Runtime, "limits" | "fastPath">): Stage {
  const authenticator = new Authenticator(credentials, runtime);
  return (context) => {
    const { target } = context;
    if (target === null || target.kind === "health") return "next";
    return authenticator.authenticate(context);
  };
}
