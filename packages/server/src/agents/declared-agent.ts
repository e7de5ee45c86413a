import { type AgentManifest, invalidArgument, PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Strategy } from "@agentcore/contract/authoring";
import { type AgentOptions, agent, declaredTools } from "@agentcore/sdk";
import { schemaOfJson } from "./schema-of-json.ts";

type Spec = AgentManifest["spec"];

/** The agent that a manifest without code declares. Throws INVALID_ARGUMENT with every place that is wrong. */
export const declaredAgent = async (manifest: AgentManifest): Promise<AgentDefinition> => {
  const {
    metadata: { name },
    spec,
  } = manifest;
  if (spec.standard !== undefined) return standardAgent(manifest, spec.standard);
  const { description, model, instructions, skills, tools, context, input, output } = spec;
  const strategy = await strategyOf(name, spec);
  const options: AgentOptions = {
    name,
    description: description ?? name,
    ...(model === undefined ? {} : { model }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(skills === undefined ? {} : { skills }),
    ...(tools === undefined ? {} : { tools: tools.map((declared) => declaredTools(declared)) }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(context === undefined ? {} : { context }),
    ...(input === undefined ? {} : { input: schemaOfJson(input, "spec.input") }),
    ...(output === undefined ? {} : { output: schemaOfJson(output, "spec.output") }),
  };
  // Whether there is an output schema is known as it runs: neither of the two signatures is meant.
  return agent(options as never);
};

/** Loaded with the first that is declared. */
const standardAgent = async (
  { metadata: { name }, spec: { description, model, tools, triggers } }: AgentManifest,
  standard: NonNullable<Spec["standard"]>,
): Promise<AgentDefinition> => {
  const { standardCatalogue } = await import("@agentcore/agents");
  const what = `agent "${name}"`;
  const described = standardCatalogue.get(standard.name);
  if (described === undefined)
    throw invalidArgument(what, [
      { field: "spec.standard.name", description: `expected one of ${[...standardCatalogue.keys()].join(", ")}` },
    ]);
  const declared = tools?.map((each) => declaredTools(each));
  let made: AgentDefinition;
  try {
    made = described.define(standard.options, { name, description, model, tools: declared, schemaOf: schemaOfJson });
  } catch (error) {
    throw belowField(what, "spec.standard.options", error);
  }
  const violations = secondWriters(triggers ?? [], described.triggers(standard.options));
  if (violations.length > 0) throw invalidArgument(what, violations);
  return made;
};

interface Subscribed {
  readonly topic: string;
  readonly correlate?: string | undefined;
}

/** Of an agent that keeps what events say in one task at a time: events that would begin another beside it, which writes over what the first has kept. */
const secondWriters = (given: readonly Subscribed[], own: readonly Subscribed[]) => {
  const keeping = own.filter(({ correlate }) => correlate !== undefined);
  if (keeping.length === 0) return [];
  const expected = keeping.map(({ topic, correlate }) => `topic: ${topic} with correlate: ${correlate}`).join(", or ");
  return given.flatMap(({ topic, correlate }, index) =>
    keeping.some((each) => each.topic === topic && each.correlate === correlate)
      ? []
      : [
          {
            field: `spec.triggers.${index}`,
            description: `expected ${expected}, and what narrows it: another task beside the one that keeps would write over what that has kept`,
          },
        ],
  );
};

/** What was wrong with options, as the place in the manifest. */
const belowField = (what: string, below: string, error: unknown): PlatformError => {
  const { violations = [], message } = PlatformError.from(error);
  return invalidArgument(
    what,
    violations.length === 0
      ? [{ field: below, description: message }]
      : violations.map(({ field, description }) => ({
          field: field === "" ? below : field.startsWith("spec.") ? field : `${below}.${field}`,
          description,
        })),
  );
};

/** Loaded with the first that names one: most agents of nodes are code. */
const strategyOf = async (agentName: string, { strategy, model }: Spec): Promise<Strategy | undefined> => {
  if (strategy === undefined) return undefined;
  const [{ strategyCatalogue }, { compileRule }] = await Promise.all([
    import("@agentcore/agents"),
    import("./compile-rule.ts"),
  ]);
  const what = `agent "${agentName}"`;
  const described = strategyCatalogue.get(strategy.name);
  if (described === undefined)
    throw invalidArgument(what, [
      { field: "spec.strategy.name", description: `expected one of ${[...strategyCatalogue.keys()].join(", ")}` },
    ]);
  if (described.needsModel && model === undefined)
    throw invalidArgument(what, [
      { field: "spec.model", description: `expected a model: the strategy ${strategy.name} asks one` },
    ]);
  try {
    return described.define(strategy.options, { compileRule });
  } catch (error) {
    throw belowField(what, "spec.strategy.options", error);
  }
};
