import { expect, test } from "vitest";
import { thrownWithout } from "../../test/run-without.ts";

test("without the package it is NOT_INSTALLED, and says how to install it", async () => {
  const module = new URL("load-coding.ts", import.meta.url);
  expect(await thrownWithout("@agentcore/coding", module, ["loadCoding"])).toEqual([
    {
      code: "NOT_INSTALLED",
      message: expect.stringContaining("@agentcore/coding"),
      details: { nextStep: expect.stringMatching(/`npm install`.*beside agentcore/) },
    },
  ]);
});
