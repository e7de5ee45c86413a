import { defineCommand } from "../command.ts";
import { handIn } from "../manifests/hand-in.ts";
import { MANIFEST_ARGUMENTS, MANIFEST_OPTIONS, manifestPaths } from "../manifests/manifest-paths.ts";
import { readManifests } from "../manifests/read-manifests.ts";

export const command = defineCommand({
  name: "diff",
  summary: "Show what apply would change",
  details: ["Changes nothing and exits with 0 whether or not there is a difference."],
  arguments: MANIFEST_ARGUMENTS,
  options: MANIFEST_OPTIONS,
  examples: [
    { command: "agentcore diff -f greeter.agent.yaml", explanation: "Compare one file with the node" },
    { command: "agentcore diff -f agents", explanation: "Compare a folder" },
    { command: "agentcore diff agents -o yaml", explanation: "With both sides, as YAML" },
  ],
  async run(invocation) {
    const documents = await readManifests(manifestPaths(invocation), invocation.cwd);
    const client = await invocation.client();
    const differences = await handIn(documents, invocation.cwd, client.diff);
    await invocation.output.table(
      invocation.globals.format,
      differences,
      ["kind", "name", "change", "fields"],
      differences.map(({ kind, name, change, fields }) => [kind, name, change, fields.join(", ")]),
    );
    return 0;
  },
});
