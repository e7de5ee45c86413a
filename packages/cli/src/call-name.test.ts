import { expect, test } from "vitest";
import { callName } from "./call-name.ts";

test.each([
  ["step", "step:add#3", "step add#3"],
  ["command", "command:capability:credit-risk[7]", "command capability:credit-risk[7]"],
  ["query", "query:agent:policy", "query agent:policy"],
  ["sleep", "sleep:sleep", "sleep"],
  ["sleep", "sleep:sleep#3", "sleep#3"],
  ["input", "input:input[2]#4", "input[2]#4"],
  ["step", "step:steps", "step steps"],
  ["step", "step:step-one", "step step-one"],
  ["step", "elsewhere:add", "step elsewhere:add"],
])("a %s at %s reads %s", (kind, path, expected) => {
  expect(callName({ kind, path })).toBe(expected);
});
