// The protocol's own client, of its first line (1.x), over `http URL` or `stdio COMMAND…`: prints what it saw as JSON.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const [over, ...words] = process.argv.slice(2);
const client = new Client({ name: "interop", version: "1" }, { capabilities: { elicitation: {} } });
const questions = [];
client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
  questions.push(params.message);
  return { action: "accept", content: { answer: `answer ${questions.length}` } };
});
const transport =
  over === "stdio"
    ? new StdioClientTransport({ command: words[0], args: words.slice(1), env: { ...process.env } })
    : new StreamableHTTPClientTransport(new URL(words[0]));
await client.connect(transport);

const progress = [];
const { tools } = await client.listTools();
const text = await client.callTool({ name: "test_simple_text", arguments: {} });
const told = await client.callTool({ name: "test_tool_with_progress", arguments: {} }, undefined, {
  onprogress: ({ message }) => progress.push(message),
});
const asked = await client.callTool({ name: "test_input_required_result_multi_round", arguments: {} });
const failed = await client.callTool({ name: "test_error_handling", arguments: {} });
const saw = {
  server: client.getServerVersion(),
  tools: tools.map(({ name }) => name),
  text: text.content,
  told: told.content[0].text,
  progress,
  questions,
  asked: asked.structuredContent,
  failed: failed.isError,
};
await client.close();
console.log(JSON.stringify(saw));
