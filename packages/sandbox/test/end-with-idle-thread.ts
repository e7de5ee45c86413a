/** A program that has called a thread and a process, and ends: neither holds it. */
import { openProcess, openThread } from "../src/bounded/index.ts";

const file = new URL("./busy-worker.ts", import.meta.url);
for (const open of [openThread, openProcess]) await open({ file, doing: "ending" }).call("said", { timeoutMs: 10_000 });
process.stdout.write("done");
