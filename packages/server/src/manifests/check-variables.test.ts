import { expect, test } from "vitest";
import { checkVariables } from "./check-variables.ts";

const isTaken = (tenantId: string, variable: string): boolean =>
  checkVariables(tenantId, [["key", variable]]).length === 0;

test("a tenant has the variables that begin with its name, and none of a tenant whose name begins as its own does", () => {
  const variables = { default: "API_KEY", a: "A__API_KEY", "a-b": "A_B__API_KEY", "a--b": "A__B__API_KEY" };
  for (const tenantId of Object.keys(variables))
    for (const [owner, variable] of Object.entries(variables))
      expect([tenantId, variable, isTaken(tenantId, variable)]).toEqual([tenantId, variable, owner === tenantId]);
});

test("the platform's own are nobody's, but where they are named", () => {
  expect(isTaken("default", "AGENTCORE_ADMIN_KEY")).toBe(false);
  expect(checkVariables("default", [["key", "AGENTCORE_MODEL_KEY"]], ["AGENTCORE_MODEL_KEY"])).toEqual([]);
});
