import type { StandardAgentDescription } from "@agentcore/agents";
import { defineCommand } from "../command.ts";
import { failure } from "../failure.ts";
import { formatFields } from "../format-table.ts";
import { toYamlText } from "../structured-text.ts";

export const command = defineCommand({
  name: "standard",
  summary: "List the standard agents, or show one: its options, how fast it is, what it does not do",
  details: [
    "They are part of this program: no node is asked. A manifest declares one by `spec.standard: { name, options }`, code by agentcore/standard.",
  ],
  arguments: [{ name: "NAME", description: "Only that one, with all there is to know about it", optional: true }],
  options: {},
  examples: [
    { command: "agentcore standard", explanation: "Which there are" },
    { command: "agentcore standard intent-parser", explanation: "Its options, and a manifest to begin with" },
    {
      command: "agentcore standard intent-parser -o json | jq .options",
      explanation: "JSON Schema of its options",
    },
  ],
  async run({ arguments: [name], globals, output }) {
    const { standardCatalogue } = await import("@agentcore/agents");
    if (name === undefined) {
      const all = [...standardCatalogue.values()];
      await output.table(
        globals.format,
        all.map(shown),
        ["name", "latency", "model", "description"],
        all.map((each) => [each.name, latencyOf(each), each.model, each.description]),
      );
      return 0;
    }
    const found = standardCatalogue.get(name);
    if (found === undefined)
      throw failure("NOT_FOUND", `there is no standard agent named ${name}`, "List them with `agentcore standard`.");
    const text = await describe(found);
    await output.data(globals.format, shown(found), () => text);
    return 0;
  },
});

/** Plain JSON: `options` is made when it is asked for. */
const shown = (description: StandardAgentDescription): object => JSON.parse(JSON.stringify(description)) as object;

const latencyOf = ({ latencyBand, latencyMs: { from, to } }: StandardAgentDescription): string =>
  `${latencyBand} (${from} to ${to} ms)`;

const describe = async (found: StandardAgentDescription): Promise<string> => {
  const { properties = {} } = found.options as { readonly properties?: Readonly<Record<string, object>> };
  const manifest = {
    apiVersion: "agentcore.dev/v1",
    kind: "Agent",
    metadata: { name: found.name },
    spec: {
      standard: { name: found.name, options: found.example.options },
      ...(found.model === "required" ? { model: "MODEL" } : {}),
      ...(found.tools === "required" ? { tools: ["TOOL"] } : {}),
    },
  };
  return [
    formatFields([
      ["Name", found.name],
      ["Description", found.description],
      ["Latency", latencyOf(found)],
      ["Does not", found.doesNot.join("; ")],
      ["Model", found.model],
      ["Tools", found.tools],
      ["Skills", found.skills.map(({ id }) => id).join(", ")],
      ["Options", Object.keys(properties).join(", ")],
    ]),
    `Manifest:\n${indented(await toYamlText(manifest))}`,
    `Input:\n${indented(await toYamlText(found.example.input))}`,
  ].join("\n\n");
};

const indented = (text: string): string =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
