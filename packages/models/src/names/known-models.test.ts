import { ModelSpec } from "@agentcore/contract";
import { expect, test } from "vitest";
import { KnownModels } from "./known-models.ts";

test("what a manifest leads to is made once, and anew for another manifest", () => {
  const known = new KnownModels({});
  const spec = ModelSpec.parse({ baseUrl: "http://127.0.0.1:1/v1", model: "m" });
  const first = known.of("desk", spec);
  expect(first.targets).toMatchObject([{ id: "desk", model: "m" }]);
  expect(known.of("desk", spec)).toBe(first);
  expect(known.of("other", spec).targets).toMatchObject([{ id: "other" }]);
  expect(known.of("desk", ModelSpec.parse({ ...spec, model: "n" })).targets).toMatchObject([{ model: "n" }]);
});

test("a variable that it goes by may change while the node runs, and so may one that was missing", () => {
  const env: Record<string, string | undefined> = { OPENAI_API_KEY: "k" };
  const known = new KnownModels(env);
  const spec = ModelSpec.parse({ provider: "openai", model: "m" });
  expect(known.of("desk", spec).targets[0]?.baseUrl).toBeUndefined();
  env["OPENAI_BASE_URL"] = "http://127.0.0.1:2/v1";
  expect(known.of("desk", spec).targets[0]?.baseUrl).toBe("http://127.0.0.1:2/v1");
  const named = known.of("openai/m", null);
  expect(known.of("openai/m", null)).toBe(named);
  delete env["OPENAI_API_KEY"];
  expect(() => known.of("openai/m", null)).toThrow("set OPENAI_API_KEY");
  env["OPENAI_API_KEY"] = "another";
  expect(known.of("openai/m", null).targets[0]?.apiKeyEnv).toBe("OPENAI_API_KEY");
});
