import { expect, test } from "vitest";
import { addressIn } from "./address.ts";

test("the address of a call is told from its path, whatever its target looks like", () => {
  const plain = { address: "score", within: [], node: "score", visit: 1, purpose: "call" };
  expect(addressIn("step:score")).toEqual(plain);
  expect(addressIn("decision:score@3")).toEqual({ ...plain, address: "score@3", visit: 3 });
  expect(addressIn("command:need:something [urgent] with a/b[score]")).toEqual(plain);
  expect(addressIn("sleep:sleep[score]")).toEqual(plain);
  expect(addressIn("command:agent:b[score@2~undo@4]")).toEqual({
    ...{ ...plain, address: "score@2", visit: 2, purpose: "undo" },
  });
  expect(addressIn("input:input[score~stands]")).toMatchObject({ address: "score", purpose: "stands" });
});

test("the regions on the way to a call are told with their visits", () => {
  expect(addressIn("step:each@2.3/both.risk-check/score@2")).toEqual({
    address: "each@2.3/both.risk-check/score@2",
    within: [
      { address: "each@2", node: "each", visit: 2, name: "3" },
      { address: "each@2.3/both", node: "both", visit: 1, name: "risk-check" },
    ],
    node: "score",
    visit: 2,
    purpose: "call",
  });
});

test.each(["progress:progress", "model:gpt-4.1/x y", "step:a b", "", "emit:a.b"])("%s has none", (path) => {
  const found = addressIn(path);
  expect(found === null || found.node === path.slice(path.indexOf(":") + 1)).toBe(true);
});
