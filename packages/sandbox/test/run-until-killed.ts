/** A process that dies while it runs something: given a mark for that. */
import { createSandbox } from "../src/create-sandbox.ts";

const [, , mark = ""] = process.argv;
await createSandbox().runProgram(["sh", "-c", `: ${mark}; sleep 60`]);
