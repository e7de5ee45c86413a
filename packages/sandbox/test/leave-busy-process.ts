/** A node that dies while a process of its own is busy: says which one it is, and waits to be killed. */
import { openProcess } from "../src/bounded/index.ts";

const busy = openProcess({ file: new URL("./busy-worker.ts", import.meta.url), doing: "looping" });
const id = await busy.call("process", { timeoutMs: 10_000 });
void busy.call("loop", { timeoutMs: 60_000 });
process.stdout.write(`${String(id)}\n`);
