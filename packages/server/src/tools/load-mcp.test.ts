import { expect, test } from "vitest";
import { thrownWithout } from "../../test/run-without.ts";

test.each(["@agentcore/mcp", "@modelcontextprotocol/"])(
  "without %s it is NOT_INSTALLED, and says how to install it",
  async (name) => {
    const refusal = {
      code: "NOT_INSTALLED",
      message: expect.stringContaining("@agentcore/mcp"),
      details: { nextStep: expect.stringMatching(/`npm install`.*beside agentcore/) },
    };
    const loaders = ["loadMcpClient", "loadMcpServer"];
    expect(await thrownWithout(name, new URL("load-mcp.ts", import.meta.url), loaders)).toEqual([refusal, refusal]);
  },
);
