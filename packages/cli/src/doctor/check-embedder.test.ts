import { expect, test } from "vitest";
import { checkEmbedder } from "./check-embedder.ts";

test("the model that is installed is tried, and ended", async () => {
  expect(await checkEmbedder()).toEqual([
    {
      check: "model local/english",
      status: "ok",
      detail: expect.stringMatching(/^loads, and makes vectors, in \d+ ms$/),
    },
  ]);
});
