import { join } from "node:path";
import type { AgentDefinition } from "agentcore";
import { expect, it } from "vitest";
import { defaultInputOf } from "../packages/cli/src/manifests/default-input.ts";
import { readManifests } from "../packages/cli/src/manifests/read-manifests.ts";
import { Manifest } from "../packages/contract/src/manifest.ts";
import { checkWorkflow } from "../packages/server/src/manifests/check-workflow.ts";

it.each([
  ["loan-triage", 8],
  ["sales-analyst", 4],
  ["refunds", 6],
  ["deep-research", 1],
])("the manifests of %s are valid and lead to agents of their names", async (example, count) => {
  const documents = await readManifests([example], import.meta.dirname);
  expect(documents).toHaveLength(count);
  for (const { manifest: raw } of documents) {
    const manifest = Manifest.parse(raw);
    if (manifest.kind === "Workflow") {
      checkWorkflow(manifest, manifest.metadata.name);
      continue;
    }
    if (manifest.kind !== "Agent" || !manifest.spec.code)
      throw new Error(`${manifest.metadata.name} is no agent with code`);
    const { path, export: name } = manifest.spec.code;
    const module = (await import(path)) as Readonly<Record<string, AgentDefinition>>;
    expect(module[name]?.name).toBe(manifest.metadata.name);
  }
});

it("each example runs without an input of one's own", async () => {
  const [triage, analyst, refund, research] = await Promise.all(
    ["loan-triage", "sales-analyst", "refunds", "deep-research"].map(
      async (each) => (await readManifests([each], import.meta.dirname))[0],
    ),
  );
  expect(triage && defaultInputOf(triage.manifest)).toBe(join(import.meta.dirname, "loan-triage/data/applications"));
  expect(analyst && defaultInputOf(analyst.manifest)).toMatch(/\?$/);
  expect(research && defaultInputOf(research.manifest)).toMatch(/\?$/);
  expect(JSON.parse((refund && defaultInputOf(refund.manifest)) ?? "")).toMatchObject({ order: "A17" });
});
