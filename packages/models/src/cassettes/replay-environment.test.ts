import { MODEL_PROVIDERS } from "@agentcore/contract";
import { expect, test } from "vitest";
import { targetsOf } from "../names/targets-of.ts";
import { replayEnvironment } from "./replay-environment.ts";

test.each(MODEL_PROVIDERS)("models of %s have a name in a replay where nothing is set", (provider) => {
  expect(targetsOf(`${provider}/m`, null, replayEnvironment({}))).toMatchObject([{ provider, model: "m" }]);
});

test("what is set stays, and an empty variable is none", () => {
  const env = replayEnvironment({ OPENAI_API_KEY: "", AGENTCORE_MODEL_URL: "http://127.0.0.1:1/v1", OTHER: "x" });
  expect(env).toMatchObject({ AGENTCORE_MODEL_URL: "http://127.0.0.1:1/v1", OTHER: "x" });
  expect(env["OPENAI_API_KEY"]).not.toBe("");
});
