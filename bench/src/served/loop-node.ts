/**
 * A node with an agent that runs the loop, and one that measures it, in a process of its own. Arguments: data folder, address of the provider,
 * and `budget` for one that stands on every call of the model. Says when it is ready.
 */
import { fileURLToPath } from "node:url";
import { startNode } from "@agentcore/server";
import { MODEL } from "../agent-loop/loop.ts";

const [dataDirectory = "", baseUrl = "", budget] = process.argv.slice(2);
// The agent that measures calls the provider without the node as well.
process.env["BENCH_PROVIDER"] = baseUrl;
process.env["BENCH_COMMITS"] = `${dataDirectory}/commits`;
const node = await startNode({ dataDirectory: `${dataDirectory}/node`, port: 0, logLevel: "error" });
await node.ready;
const manifest = (kind: string, name: string, spec: object) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind, metadata: { name }, spec },
});
const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
await node.apply([
  manifest("Model", MODEL, { baseUrl, model: MODEL, price: { input: 1, output: 2 } }),
  ...(budget === "budget"
    ? [manifest("Budget", "all", { scope: { tenant: "*" }, limit: { usd: 1_000_000 }, period: "month" })]
    : []),
  manifest("Agent", "buyer", { code: { path: pathOf("../agent-loop/agents.ts"), export: "buyer" }, concurrency: 2000 }),
  manifest("Agent", "loop-stopwatch", { code: { path: pathOf("loop-stopwatch.ts"), export: "loopStopwatch" } }),
]);
process.send?.({ url: node.url });
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => void node.close(1000).then(() => process.exit(0)));
