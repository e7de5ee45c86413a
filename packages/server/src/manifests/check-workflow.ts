/** What can be wrong with a Workflow manifest beyond its form. Loaded with the first: most nodes start without. */
import {
  type FieldViolation,
  invalidArgument,
  PlatformError,
  parseInput,
  type WorkflowManifest,
} from "@agentcore/contract";
import { WorkflowGraph } from "@agentcore/contract/workflow";
import { TopicIndex } from "@agentcore/core/registry";
import { checkGraph } from "@agentcore/core/workflows";
import { schemaOfJson } from "../agents/schema-of-json.ts";

// Of an answer: a graph that is wrong in one thing may be so in every node.
const MAX_VIOLATIONS = 50;

/** Throws INVALID_ARGUMENT with every place; `what` names the manifest. */
export const checkWorkflow = ({ spec, metadata: { name } }: WorkflowManifest, what: string): void => {
  const violations = [
    ...faultsIn(() => checkNodes(spec, name, what)),
    ...faultsIn(() => spec.input && schemaOfJson(spec.input, "spec.input")),
    ...faultsIn(() => spec.output && schemaOfJson(spec.output, "spec.output")),
    ...migrationFaults(spec),
    ...(spec.subscribes ?? []).flatMap((topic, index) =>
      faultsIn(() => new TopicIndex<null>().add(topic, null)).map(({ description }) => ({
        field: `spec.subscribes[${index}]`,
        description,
      })),
    ),
  ];
  if (violations.length > 0) throw invalidArgument(what, violations.slice(0, MAX_VIOLATIONS));
};

const checkNodes = ({ start, nodes, input }: WorkflowManifest["spec"], name: string, what: string): void => {
  const faults = checkGraph(graphOf({ start, nodes }, what), {}, { input, name });
  if (faults.length > 0) throw invalidArgument(what, faults);
};

/** What its own graph has can be told; what earlier ones had shows with each run. */
const migrationFaults = ({ nodes, migrate = {} }: WorkflowManifest["spec"]): readonly FieldViolation[] => {
  const { rename = {}, drop = [] } = migrate;
  const has = (node: string): boolean => Object.hasOwn(nodes, node);
  return [
    ...Object.entries(rename).flatMap(([old, now]) => {
      const field = `spec.migrate.rename.${old}`;
      if (!has(now)) return [{ field, description: `expected the name of a node of now; there is no ${now}` }];
      return has(old) ? [{ field, description: `there is a node ${old}: only what is gone has another name` }] : [];
    }),
    ...drop.flatMap((node, index) =>
      has(node) ? [{ field: `spec.migrate.drop[${index}]`, description: `there is a node ${node}` }] : [],
    ),
  ];
};

const graphOf = (spec: Pick<WorkflowManifest["spec"], "start" | "nodes">, what: string): WorkflowGraph =>
  parseInput(WorkflowGraph, spec, what);

const faultsIn = (check: () => unknown): readonly FieldViolation[] => {
  try {
    check();
    return [];
  } catch (thrown) {
    const { message, violations } = PlatformError.from(thrown);
    return (violations ?? [{ field: "", description: message }]).map(({ field, description }) => ({
      field: field.startsWith("spec.") ? field : field === "" ? "spec" : `spec.${field}`,
      description,
    }));
  }
};
