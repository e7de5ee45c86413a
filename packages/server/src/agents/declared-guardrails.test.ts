import type { Guardrail } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { withDeclaredGuardrails } from "./declared-guardrails.ts";

const own: Guardrail = { name: "own", tool: () => undefined };

test("those of a manifest stand behind those of the code", async () => {
  const made = await withDeclaredGuardrails(
    "clerk",
    [own],
    [
      { name: "redaction" },
      { name: "no-verbatim-targets", options: { hosts: ["acme.example"] } },
      { name: "blocked-patterns", options: { block: ["*x*"], name: "one" } },
      { name: "blocked-patterns", options: { block: ["*y*"], name: "two" } },
    ],
  );
  expect(made.map(({ name }) => name)).toEqual([
    ...["own", "redaction", "no-verbatim-targets", "blocked-patterns-one", "blocked-patterns-two"],
  ]);
});

test("what is wrong with any of them is said with its place", async () => {
  const declared = [
    { name: "redactions" },
    { name: "redaction", options: { kinds: ["all"] } },
    { name: "size-limits" },
    { name: "safe-links" },
    { name: "safe-links" },
  ];
  await expect(withDeclaredGuardrails("clerk", [own], declared)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations: [
      { field: "spec.guardrails[0].name", description: expect.stringContaining("expected one of no-verbatim-targets") },
      { field: "spec.guardrails[1].options.kinds[0]" },
      { field: "spec.guardrails[2].options", description: expect.stringContaining("at least one of") },
      { field: "spec.guardrails[4]", description: expect.stringContaining("stands there already") },
    ],
  });
});
