/** A program whose last act is to close a thread and a process, both after a call and within one. */
import { openProcess, openThread } from "../src/bounded/index.ts";

const file = new URL("./busy-worker.ts", import.meta.url);
for (const open of [openThread, openProcess]) {
  const idle = open({ file, doing: "closing" });
  await idle.call("said", { timeoutMs: 10_000 });
  await idle.close();
  const busy = open({ file, doing: "closing" });
  const call = busy.call("loop", { timeoutMs: 10_000 }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await busy.close();
  await call;
}
process.stdout.write("closed");
