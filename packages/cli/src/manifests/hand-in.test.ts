import { PlatformError } from "@agentcore/contract/errors";
import { expect, test } from "vitest";
import { handIn } from "./hand-in.ts";

const documents = [1, 9].map((line) => ({ file: "/home/ada/agents/all.agent.yaml", line, manifest: { line } }));

const refusing = (error: Error) =>
  handIn(documents, "/home/ada", async () => {
    throw error;
  });

test("an error about the second manifest names its file and line", async () => {
  const violations = [{ field: "spec", description: "wrong" }];
  const error = new PlatformError("INVALID_ARGUMENT", "manifest 2 (greeter) is not valid: spec: wrong", { violations });
  await expect(refusing(error)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "agents/all.agent.yaml:9 (greeter) is not valid: spec: wrong",
    violations,
  });
});

test("any other error stays what it is, and what was done is handed back", async () => {
  const other = new PlatformError("UNAVAILABLE", "manifest 7 is beyond the list");
  await expect(refusing(other)).rejects.toBe(other);
  expect(await handIn(documents, "/home/ada", async (manifests) => manifests)).toEqual([{ line: 1 }, { line: 9 }]);
});
