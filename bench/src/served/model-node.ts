/**
 * A node with a model, and an agent that measures calls of it, in a process of its own. Arguments: data folder, address of the provider,
 * and `budget` for one that stands on every call. Says when it is ready.
 */
import { fileURLToPath } from "node:url";
import { startNode } from "@agentcore/server";

const [dataDirectory = "", baseUrl = "", budget] = process.argv.slice(2);
// The agent calls the provider without the node as well.
process.env["BENCH_PROVIDER"] = baseUrl;
process.env["BENCH_COMMITS"] = `${dataDirectory}/commits`;
const node = await startNode({ dataDirectory: `${dataDirectory}/node`, port: 0, logLevel: "error" });
await node.ready;
const manifest = (kind: string, name: string, spec: object) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind, metadata: { name }, spec },
});
const model = { baseUrl, model: "small", price: { input: 1, output: 2 } };
await node.apply([
  manifest("Model", "small", model),
  manifest("Model", "kept", { ...model, cache: { ttl: "1h" } }),
  ...(budget === "budget"
    ? [manifest("Budget", "all", { scope: { tenant: "*" }, limit: { usd: 1_000_000 }, period: "month" })]
    : []),
  manifest("Agent", "stopwatch", {
    code: { path: fileURLToPath(new URL("stopwatch.ts", import.meta.url)), export: "stopwatch" },
  }),
]);
process.send?.({ url: node.url });
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => void node.close(1000).then(() => process.exit(0)));
