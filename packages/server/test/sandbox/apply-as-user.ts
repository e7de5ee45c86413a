/** Run as somebody whose machine lacks something for a sandbox: tells, as JSON, what the node says to an agent that wants one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNode } from "../../src/start-node.ts";

const folder = await mkdtemp(join(tmpdir(), "agentcore-of-a-user-"));
const node = await startNode({ port: 0, dataDirectory: folder, logLevel: "error", env: {} });
await node.ready;
const path = fileURLToPath(new URL("./agents.ts", import.meta.url));
const manifest = {
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name: "plain" },
  spec: { code: { path, export: "plain" }, isolation: "sandbox" },
};
const said = await node.apply([manifest]).then(
  () => ({}),
  (error: unknown) => error,
);
console.log(JSON.stringify(said));
await node.close(0);
await rm(folder, { recursive: true });
