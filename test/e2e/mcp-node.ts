/** A node in a process of its own whose agents are the tools that the protocol's conformance package calls by name. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { startNode } from "../../packages/server/src/start-node.ts";

const code = fileURLToPath(new URL("./mcp-agents/conformance.ts", import.meta.url));
const TOOLS = {
  ...{ text: "test_simple_text", image: "test_image_content", audio: "test_audio_content" },
  ...{ resource: "test_embedded_resource", mixed: "test_multiple_content_types", error: "test_error_handling" },
  ...{ progress: "test_tool_with_progress", elicitation: "test_elicitation" },
  ...{ name: "test_input_required_result_elicitation", rounds: "test_input_required_result_multi_round" },
  ...{ state: "test_input_required_result_request_state", tampered: "test_input_required_result_tampered_state" },
  ...{ streamed: "test_streaming_elicitation" },
};
const SHARED: Readonly<Record<string, string>> = { tampered: "state", streamed: "name" };
const header = { apiVersion: API_VERSION };

/** Keywords that a schema of JSON Schema 2020-12 may have, none of which may get lost. */
const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address: { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } } },
  properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
  additionalProperties: false,
};

const node = await startNode({
  ...{ port: 0, dataDirectory: process.argv[2] ?? "", logLevel: "error" },
  env: { PATH: process.env["PATH"] },
});
await node.ready;
await node.apply([
  ...Object.entries(TOOLS).map(([name, tool]) => ({
    ...{ ...header, kind: "Agent", metadata: { name } },
    spec: { code: { path: code, export: SHARED[name] ?? name }, mcp: { tool } },
  })),
  {
    ...{ ...header, kind: "Workflow", metadata: { name: "schema" } },
    spec: { mcp: { tool: "json_schema_2020_12_tool" }, input: schema, start: "done", nodes: { done: { type: "end" } } },
  },
]);
process.stdout.write(`${node.url}\n`);
