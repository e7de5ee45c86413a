import { defineCommand } from "../command.ts";

const KINDS = {
  agent: "Agent",
  workflow: "Workflow",
  model: "Model",
  tool: "Tool",
  budget: "Budget",
  policy: "Policy",
  tenant: "Tenant",
  schedule: "Schedule",
  pool: "MemoryPool",
} as const;

export const command = defineCommand({
  name: "delete",
  summary:
    "Remove an agent, a workflow, a model, a tool, a budget, a policy, a schedule, a memory pool or a tenant's manifest",
  details: [
    "Tasks that are under way keep the revision they began with.",
    "A schedule comes round no more; tasks that it began go on.",
    "A memory pool without a manifest is open to no agent; its memories stay until they are forgotten: agentcore memory forget.",
    "A tenant without a manifest has the defaults; nothing of it is removed.",
  ],
  arguments: [
    {
      name: "KIND",
      description: "What to remove: agent, workflow, model, tool, budget, policy, schedule, pool or tenant",
      choices: Object.keys(KINDS),
    },
    { name: "NAME", description: "Its name", completes: "first" },
  ],
  options: {},
  examples: [
    { command: "agentcore delete agent greeter", explanation: "Remove an agent" },
    { command: "agentcore delete model local-llama", explanation: "Remove a model" },
    { command: "agentcore delete agent greeter -o json", explanation: "Answer as JSON" },
  ],
  async run({ arguments: [kind = "", name = ""], globals, output, client }) {
    await (await client()).deleteManifest(KINDS[kind as keyof typeof KINDS], name);
    await output.data(globals.format, { kind, name, deleted: true }, () => `${kind}/${name} deleted`);
    return 0;
  },
});
