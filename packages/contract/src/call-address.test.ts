import { expect, test } from "vitest";
import { addressIn } from "./call-address.ts";

test("the address of a call is told from its path, whatever its target looks like", () => {
  const plain = { address: "score", node: "score", purpose: "call" };
  expect(addressIn("step:score")).toEqual(plain);
  expect(addressIn("command:need:something [urgent] with a/b[score]")).toEqual(plain);
  expect(addressIn("sleep:sleep[score]")).toEqual(plain);
  expect(addressIn("command:agent:b[score@2~undo@4]")).toEqual({
    ...{ address: "score@2~undo@4", node: "score", purpose: "undo" },
  });
  expect(addressIn("approval:approval[score~stands]")).toMatchObject({ node: "score", purpose: "stands" });
});

test("the branches and items on the way to a call are part of its address", () => {
  expect(addressIn("step:each@2.3/both.risk-check/score@2")).toEqual({
    ...{ address: "each@2.3/both.risk-check/score@2", node: "score", purpose: "call" },
  });
});

test.each(["progress:progress", "model:gpt-4.1/x y", "step:a b", "", "emit:a.b"])("%s has none", (path) => {
  const found = addressIn(path);
  expect(found === null || found.node === path.slice(path.indexOf(":") + 1)).toBe(true);
});
