import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  name: "tools libraries",
  summary: "List the libraries of tools that Tool manifests may name",
  details: [
    "Each is in a package that is installed when it is wanted, beside agentcore, on the node; or in a file of `up --tool-library`.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore tools libraries", explanation: "What there is, and what is installed" },
    {
      command: "agentcore tools libraries -o json | jq '.[] | select(.name == \"csv\").options'",
      explanation: "What spec.library.options of one may be",
    },
    { command: "agentcore tools libraries -o yaml", explanation: "The same of all, as YAML" },
  ],
  async run({ client, output, globals }) {
    const libraries = await (await client()).toolLibraries();
    await output.table(
      globals.format,
      libraries,
      ["name", "from", "installed", "description"],
      libraries.map(({ name, from, installed, description }) => [
        ...[name, from, installed ? "yes" : "no", description],
      ]),
    );
    return 0;
  },
});
