/** A node with the agents of this folder, in a process of its own. Arguments: data folder, port. Says when it is ready. */
import { fileURLToPath } from "node:url";
import { startNode } from "@agentcore/server";

const [dataDirectory = "", port = "0"] = process.argv.slice(2);
const node = await startNode({ dataDirectory, port: Number(port), logLevel: "error" });
await node.ready;
const readyAt = Date.now();
const path = fileURLToPath(new URL("agents.ts", import.meta.url));
const agents = {
  echo: "echo",
  child: "child",
  "three-steps": "threeSteps",
  patient: "patient",
  talker: "talker",
  listener: "listener",
};
await node.apply(
  Object.entries(agents).map(([name, code]) => ({
    apiVersion: "agentcore.dev/v1",
    kind: "Agent",
    metadata: { name },
    spec: { code: { path, export: code }, concurrency: 2000 },
  })),
);
process.send?.({ url: node.url, readyAt });
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => void node.close(1000).then(() => process.exit(0)));
