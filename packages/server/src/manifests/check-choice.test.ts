import { API_VERSION, Manifest } from "@agentcore/contract";
import { expect, test } from "vitest";
import { checkChoice } from "./check-choice.ts";

const model = (spec: Readonly<Record<string, unknown>>) => {
  const manifest = Manifest.parse({ apiVersion: API_VERSION, kind: "Model", metadata: { name: "smart" }, spec });
  if (manifest.kind !== "Model") throw new Error(`expected a Model, got ${manifest.kind}`);
  return manifest;
};

test("conditions and references of a choice are checked when it is applied, with the place of each", async () => {
  const wrong = model({
    candidates: [{ model: "small", when: "request.inputTokens <" }, { model: "smart" }],
    fallback: ["smart"],
  });
  await expect(checkChoice(wrong)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations: [
      { field: "spec.candidates.0.when" },
      { field: "spec.candidates.1.model", description: "a model cannot choose itself" },
      { field: "spec.fallback.0", description: "a model cannot fall back to itself" },
    ],
  });
});

test("a right one passes", async () => {
  await checkChoice(
    model({
      candidates: [{ model: "openai/gpt-5-mini", when: "request.inputTokens < 8000" }, { model: "large" }],
      choose: "cheapest",
    }),
  );
});
