import { expect, test } from "vitest";
import { describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import type { AgentDescription } from "../deps/agents.ts";
import { agentOfTool, agentTools } from "./agent-tools.ts";

const directory = (...all: readonly AgentDescription[]) => ({
  list: () => all,
  get: (_tenantId: string, name: string) => all.find((agent) => agent.name === name) ?? null,
});
const SCOPE = { tenantId: "default", caller: "ann", permissions: ["math:do"] };

test("a manifest may give its agent's tool another name, or keep it out", () => {
  const agents = directory(
    describeAgent("adder", { mcp: { tool: "math.add" } }),
    describeAgent("echo"),
    describeAgent("inner", { mcp: { hidden: true } }),
  );
  expect(agentTools(agents, SCOPE).map(({ name }) => name)).toEqual(["echo", "math.add"]);
  expect(agentOfTool(agents, SCOPE, "math.add")?.name).toBe("adder");
  expect(agentOfTool(agents, SCOPE, "adder")).toBeNull();
  expect(agentOfTool(agents, SCOPE, "inner")).toBeNull();
});

test("a name that is taken is nobody else's: who claims it has its own", () => {
  const agents = directory(
    describeAgent("adder", { mcp: { tool: "echo" } }),
    describeAgent("echo"),
    describeAgent("one", { mcp: { tool: "both" } }),
    describeAgent("two", { mcp: { tool: "both" } }),
  );
  const names = agentTools(agents, SCOPE).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["adder", "both", "echo", "two"]);
  for (const name of names) expect(agentOfTool(agents, SCOPE, name)).not.toBeNull();
  expect(agentOfTool(agents, SCOPE, "echo")?.name).toBe("echo");
  expect(agentOfTool(agents, SCOPE, "both")?.name).toBe("one");
});

test("what a caller is not good for is not there", () => {
  const agents = directory(
    describeAgent("adder", { scopes: ["math:do"] }),
    describeAgent("bank", { scopes: ["money:move"] }),
  );
  expect(agentTools(agents, SCOPE).map(({ name }) => name)).toEqual(["adder"]);
  expect(agentOfTool(agents, SCOPE, "bank")).toBeNull();
  expect(agentTools(agents, { tenantId: "default", caller: "boss", operator: true })).toHaveLength(2);
});
