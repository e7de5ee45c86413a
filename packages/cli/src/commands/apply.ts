import { defineCommand } from "../command.ts";
import { handIn } from "../manifests/hand-in.ts";
import { MANIFEST_ARGUMENTS, MANIFEST_OPTIONS, manifestPaths } from "../manifests/manifest-paths.ts";
import { readManifests } from "../manifests/read-manifests.ts";

export const command = defineCommand({
  name: "apply",
  summary: "Create or update what manifests declare",
  details: [
    "A folder is searched for *.agent.yaml, *.workflow.yaml, *.model.yaml, *.budget.yaml, *.tenant.yaml, *.schedule.yaml, *.pool.yaml and agentcore.yaml (also .yml and .json), 12 levels deep, without node_modules and dot folders.",
    "The path of an agent's code is taken from its manifest's folder, and must exist where the node runs.",
  ],
  arguments: MANIFEST_ARGUMENTS,
  options: MANIFEST_OPTIONS,
  examples: [
    { command: "agentcore apply -f greeter.agent.yaml", explanation: "Apply one file" },
    { command: "agentcore apply -f agents -f models", explanation: "Apply two folders" },
    { command: "agentcore apply agents -o json", explanation: "Tell another program what was done" },
  ],
  async run(invocation) {
    const documents = await readManifests(manifestPaths(invocation), invocation.cwd);
    const client = await invocation.client();
    const results = await handIn(documents, invocation.cwd, client.apply);
    await invocation.output.table(
      invocation.globals.format,
      results,
      ["kind", "name", "change"],
      results.map(({ kind, name, change }) => [kind, name, change]),
    );
    return 0;
  },
});
