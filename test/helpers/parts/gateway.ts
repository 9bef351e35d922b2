// Of the data plane, what tests' own processes put together: see ../bundle-parts.mjs.
export { NativeEngine } from "../../../native-bindings/engine.ts";
export { NativeListener } from "../../../src/data-plane/acceptor/engines/native/listener.ts";
export { createGateway } from "../../../src/data-plane/gateway.ts";
export { loadConfiguration } from "../../../src/snapshot/load.ts";
