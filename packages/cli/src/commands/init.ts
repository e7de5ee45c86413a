import { resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { readVersion } from "../read-version.ts";
import { UsageError } from "../usage-error.ts";

// By hand: help is printed without loading the starter. A test holds them against its own.
const TEMPLATES = ["yaml", "typescript", "model", "team"] as const;

export const command = defineCommand({
  name: "init",
  summary: "Begin a project: an agent that answers, ready to be changed",
  details: [
    "Templates: yaml, an agent without code; typescript, one in code, with a test that crashes it; model, one that thinks, with rules, tools and a model; team, agents that hand work to each other.",
    "Writes nothing over what is there. Without the command: npm create agentcore.",
  ],
  arguments: [{ name: "DIRECTORY", description: "Where, by default here", optional: true, completes: "path" }],
  options: {
    template: {
      type: "string",
      short: "t",
      value: "TEMPLATE",
      completes: TEMPLATES,
      description: "What it begins with: yaml, typescript, model or team",
      default: "typescript",
    },
  },
  examples: [
    { command: "agentcore init my-agents", explanation: "An agent in TypeScript" },
    { command: "agentcore init my-agents --template yaml", explanation: "No code at all" },
    { command: "agentcore init my-agents -t model -o json", explanation: "What was written, for programs" },
  ],
  async run({ arguments: [directory = "."], options: { template }, globals, output, cwd }) {
    const { createProject, nextSteps, ProjectRefused } = await import("create-agentcore");
    try {
      const project = await createProject({
        directory: resolve(cwd, directory),
        template,
        version: await readVersion(),
      });
      const { files } = project;
      await output.data(globals.format, { directory: project.directory, template, files }, () =>
        nextSteps(project, cwd).trimEnd(),
      );
      return 0;
    } catch (error) {
      if (error instanceof ProjectRefused) throw new UsageError(error.message);
      throw error;
    }
  },
});
