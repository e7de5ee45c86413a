import { PlatformError } from "@agentcore/contract/errors";
import { defineCommand } from "../command.ts";
import { failure } from "../failure.ts";
import { trustAuthorities } from "../node/trust-authorities.ts";

export const command = defineCommand({
  name: "mcp",
  summary: "Be an MCP server over standard input and output, for the agents of a node",
  details: [
    "For programs that start their MCP servers themselves: they see the agents as tools. Clients that can call an address need no command: the node is an MCP server at URL/mcp.",
    "It carries messages as they are. The key is better given by the environment, where lists of processes do not show it.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore mcp", explanation: "For the node on this machine" },
    {
      command: "agentcore mcp --url https://agents.example.com",
      explanation: "For another, with AGENTCORE_API_KEY set",
    },
    {
      command: "agentcore mcp --url https://agents.example.com --ca authorities.pem",
      explanation: "For one whose certificate is of an authority of your own",
    },
  ],
  async run({ globals: { url, apiKey, ca }, signal, output }) {
    if (ca !== undefined) await trustAuthorities(ca);
    const { bridge } = await loadBridge();
    await bridge({
      url: `${url.replace(/\/+$/, "")}/mcp`,
      fetch: (input, init) => {
        const headers = new Headers(init?.headers);
        if (apiKey !== undefined) headers.set("authorization", `Bearer ${apiKey}`);
        return fetch(input, { ...init, headers });
      },
      ...{ input: process.stdin, output: process.stdout, signal },
      // Standard output is the protocol's.
      onError: (error) => output.say(error.message, "yellow"),
    });
    return 0;
  },
});

const loadBridge = async () => {
  try {
    return await import("@agentcore/mcp/bridge");
  } catch (cause) {
    if (PlatformError.is(cause) || (cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw failure(
      "NOT_INSTALLED",
      "MCP needs the package @agentcore/mcp and what it depends on",
      "In a clone of AgentCore run `npm install`; elsewhere install it beside agentcore, in the same version and from the same place.",
      cause,
    );
  }
};
