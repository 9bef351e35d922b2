import { runControl } from "../src/bootstrap/control/control.ts";

runControl();
