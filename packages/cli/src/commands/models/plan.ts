import { defineCommand } from "../../command.ts";
import { formatFields, formatTable } from "../../format-table.ts";
import { AGENT_KINDS, type HardwarePlan, planHardware } from "../../models/plan-hardware.ts";
import { readCount } from "../../read-count.ts";
import { UsageError } from "../../usage-error.ts";

// Beyond it, nobody plans with a rule of thumb.
const MAX_COUNT = 100_000;

export const command = defineCommand({
  name: "models plan",
  summary: "Say what machines local models need for so many agents",
  details: [
    "By rules of thumb: research and writing with models of 7 to 8 billion parameters, analysis with 32 to 70 billion. Nodes have 64 GB; a month costs about $0.05 a GB of memory and $0.15 a GB of video memory.",
  ],
  arguments: [],
  options: {
    research: { type: "string", value: "NUMBER", description: "Agents that research", default: "0" },
    analysis: { type: "string", value: "NUMBER", description: "Agents that analyse", default: "0" },
    writing: { type: "string", value: "NUMBER", description: "Agents that write", default: "0" },
    hosts: {
      type: "string",
      value: "NUMBER",
      description: "Machines with a graphics card, each with a model of every kind; without it, as many as nodes",
    },
  },
  examples: [
    {
      command: "agentcore models plan --research 2 --analysis 1 --writing 3",
      explanation: "For a small team of agents",
    },
    { command: "agentcore models plan --writing 20 --hosts 2", explanation: "With two machines for the models" },
    { command: "agentcore models plan --research 10 -o json", explanation: "For a program" },
  ],
  async run({ options, globals, output }) {
    const count = (option: string, text: string, least: 0 | 1): number => {
      const number = readCount(text, `--${option}`, least);
      if (number > MAX_COUNT) throw new UsageError(`--${option} ${text}: expected at most ${MAX_COUNT}`);
      return number;
    };
    const agents = {
      research: count("research", options.research, 0),
      analysis: count("analysis", options.analysis, 0),
      writing: count("writing", options.writing, 0),
    };
    if (AGENT_KINDS.every((kind) => agents[kind] === 0))
      throw new UsageError(`say for how many agents: ${AGENT_KINDS.map((kind) => `--${kind} NUMBER`).join(", ")}`);
    const hosts = options.hosts === undefined ? undefined : count("hosts", options.hosts, 1);
    const plan = planHardware({ agents, hosts });
    await output.data(globals.format, plan, () => table(plan));
    return 0;
  },
});

const table = (plan: HardwarePlan): string =>
  [
    formatTable(
      ["kind", "agents", "model", "ram gb", "least", "vram gb", "cores", "at once"],
      plan.agents.map((each) => [
        ...[each.kind, each.agents, each.model, each.recommendedRamGb * each.agents, each.minimumRamGb * each.agents],
        ...[each.vramGb * plan.hosts, each.cores * each.agents, each.atOnce * each.agents],
      ]),
    ),
    "",
    formatFields([
      ["nodes", `${plan.nodes} of 64 GB`],
      ["hosts of models", plan.hosts],
      ["memory", `${plan.ramGb} GB, ${plan.minimumRamGb} GB at least`],
      ["video memory", `${plan.vramGb} GB`],
      ["cores", plan.cores],
      ["answers at once", plan.atOnce],
      ["a month", `about $${plan.monthlyUsd.toFixed(2)}`],
    ]),
  ].join("\n");
