import { runGateway } from "../src/bootstrap/gateway.ts";
import { createGateway } from "../src/data-plane/gateway.ts";

runGateway(createGateway);
