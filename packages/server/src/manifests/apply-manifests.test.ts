import type { AgentManifest } from "@agentcore/contract";
import { expect, test } from "vitest";
import type { PreparedAgent } from "../agents/in-process-host.ts";
import { type ApplyParts, applyManifests } from "./apply-manifests.ts";

const manifest = (name: string): AgentManifest => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: { model: "m" },
});

const apply = async (failingPut?: string) => {
  const said: string[] = [];
  const parts = {
    store: {
      get: async () => null,
      addTenant: async () => undefined,
      async announce(_tenantId: string, _id: string, names: readonly string[]) {
        said.push(`announce ${names.join(", ")}`);
        return async () => void said.push("announce the end");
      },
      async put(_tenantId: string, { manifest: { metadata } }: { manifest: AgentManifest }) {
        if (metadata.name === failingPut) throw new Error("the disk is full");
        said.push(`write ${metadata.name}`);
      },
    },
    host: {
      prepare: async () => ({ revision: "r", loaded: { definition: {} } }) as unknown as PreparedAgent,
      keep: async (_tenantId: string, name: string) => void said.push(`keep ${name}`),
    },
    registrar: {
      limit: () => undefined,
      register: (_tenantId: string, { metadata }: AgentManifest) => said.push(`register ${metadata.name}`),
    },
    sha256: (text: string) => text,
  } as unknown as ApplyParts;
  const applied = applyManifests(parts, "default", [manifest("parent"), manifest("worker")], { dryRun: false });
  await applied.catch(() => said.push("refused"));
  return said;
};

test("agents that are applied together are there together: a task of one finds the others", async () => {
  expect(await apply()).toEqual([
    ...["keep parent", "keep worker", "announce parent, worker"],
    ...["write parent", "write worker", "register parent", "register worker", "announce the end"],
  ]);
});

test("what was written before a failure is there all the same", async () => {
  expect((await apply("worker")).slice(3)).toEqual(["write parent", "register parent", "announce the end", "refused"]);
});
