/** What is wrong with the expressions of a graph, before it runs: no CEL, a name that is none, an output that cannot be there, a member that no schema has. */
import { PlatformError } from "@agentcore/contract";
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import {
  compileExpression,
  compileTemplate,
  type JsonSchema,
  memberOf,
  misfits,
  type Reference,
  templateSchema,
} from "../expressions/index.ts";
import { edgesOf } from "./edges.ts";
import { type ExpressionPlace, expressionsOf } from "./expressions-of.ts";
import type { GraphFault, Region } from "./regions.ts";
import { VisibleNodes } from "./visible-nodes.ts";

/** What is known of the data, as JSON Schemas. */
export interface GraphSchemas {
  /** Of the workflow's input. */
  readonly input?: JsonSchema | undefined;
  /** What nodes give, by id. */
  readonly outputs?: Readonly<Record<string, JsonSchema>> | undefined;
  /** What nodes' agents take, by id. */
  readonly inputs?: Readonly<Record<string, JsonSchema>> | undefined;
}

export const checkExpressions = (
  graph: WorkflowGraph,
  regions: ReadonlyMap<string, Region>,
  schemas: GraphSchemas,
): readonly GraphFault[] => {
  const visible = new VisibleNodes(graph, regions);
  return Object.entries(graph.nodes).flatMap(([id, node]) => {
    return expressionsOf(node)
      .flatMap((place) => {
        const field = `nodes.${id}.${place.field}`;
        const compiled = compile(place, field);
        if ("faults" in compiled) return compiled.faults;
        const faults = compiled.references.flatMap((reference) =>
          judge(reference, { id, field, place, graph, regions, visible, schemas }),
        );
        if (faults.length > 0) return faults;
        return place.kind === "template" ? misfitsOf(id, field, place, schemas) : [];
      })
      .concat(handedOn(id, node, graph, schemas));
  });
};

/** Of a node without an `input`, which gets what the one node before it gave, or the workflow's input. */
const handedOn = (
  id: string,
  node: WorkflowNode,
  graph: WorkflowGraph,
  schemas: GraphSchemas,
): readonly GraphFault[] => {
  const target = schemas.inputs?.[id];
  if (target === undefined || !("target" in node || "workflow" in node) || node.input !== undefined) return [];
  const ways = Object.entries(graph.nodes).flatMap(([from, each]) =>
    edgesOf(from, each).flatMap((edge) => (edge.to === id ? [{ from, ...edge }] : [])),
  );
  const [way, ...others] = ways;
  if (others.length > 0 || (way !== undefined && (way.field !== "next" || graph.start === id))) return [];
  const source = way === undefined ? schemas.input : schemas.outputs?.[way.from];
  if (source === undefined) return [];
  const what = way === undefined ? "the workflow's input" : `nodes.${way.from}`;
  return misfits(source, target).map(({ path, expected, got }) => ({
    field: ["nodes", id, "input", ...path].join("."),
    description: `expected ${expected}, ${what} gives ${got}; say with \`input\` what it gets`,
  }));
};

const compile = (
  { kind, value }: ExpressionPlace,
  field: string,
): { readonly references: readonly Reference[] } | { readonly faults: readonly GraphFault[] } => {
  try {
    if (kind === "template") return compileTemplate(value);
    const { references, type } = compileExpression(String(value));
    if (kind !== "condition" || type === undefined || type === "boolean") return { references };
    return { faults: [{ field, description: `expected true or false, it gives ${type}` }] };
  } catch (error) {
    const { message, violations } = PlatformError.from(error);
    const faults = (violations ?? []).map(({ field: inner, description }) => ({
      field: inner === "" || kind !== "template" ? field : `${field}${inner.startsWith("[") ? "" : "."}${inner}`,
      description,
    }));
    return { faults: faults.length > 0 ? faults : [{ field, description: message }] };
  }
};

interface Judged {
  readonly id: string;
  readonly field: string;
  readonly place: ExpressionPlace;
  readonly graph: WorkflowGraph;
  readonly regions: ReadonlyMap<string, Region>;
  readonly visible: VisibleNodes;
  readonly schemas: GraphSchemas;
}

const judge = ({ path, guarded }: Reference, judged: Judged): readonly GraphFault[] => {
  const { id, field, place, graph, regions, visible, schemas } = judged;
  // Where nothing leads, which is told, there is no before and no within.
  const isReached = regions.has(id);
  const [root, name] = path;
  const fault = (description: string): readonly GraphFault[] => [{ field, description }];
  const has = (variable: "turn" | "branches"): boolean => place.variables?.includes(variable) === true;
  switch (root) {
    case "turn":
      return !isReached || has("turn") || isWithin(regions.get(id), ({ isTurn }) => isTurn)
        ? []
        : fault("there is a turn within a loop and in a gate only");
    case "branches":
      return has("branches") ? [] : fault("there are branches in `merge` of a join only");
    case "item":
    case "index":
      return !isReached ||
        isWithin(regions.get(id), ({ owner }) => owner !== null && graph.nodes[owner]?.type === "map")
        ? []
        : fault(`there is an ${root} within the body of a map only`);
    case "event":
      return place.variables?.includes("event") === true
        ? []
        : fault("event: has a value in the `event.where` of a wait only; what came is the node's output");
    case "with":
      return fault("with: is for `ctx.waitForEvent`; the scope of the workflow is here as it is everywhere");
    case "request":
      return fault("request: is for the choice among models; a workflow has `input` and `nodes`");
    case "input":
      return absent(schemas.input, path.slice(1), "input", guarded, field);
    case "errors":
      if (typeof name !== "string" || catches(graph.nodes[name])) return [];
      return fault(`errors.${name}: there is no node "${name}" with a \`catch\``);
    case "nodes": {
      if (typeof name !== "string") return [];
      const node = graph.nodes[name];
      if (node === undefined) return fault(`nodes.${name}: there is no node "${name}"`);
      if (node.type === "parallel")
        return fault(`nodes.${name}: a parallel gives nothing; read its join "${node.join}"`);
      if (!GIVES.has(node.type)) return fault(`nodes.${name}: a ${node.type} gives nothing`);
      if (isReached && !(place.seesItself === true && name === id) && !visible.at(id).has(name))
        return fault(`nodes.${name}: it cannot have run before "${id}", or what it gave is not seen there`);
      return absent(schemas.outputs?.[name], path.slice(2), `nodes.${name}`, guarded, field);
    }
    default:
      return [];
  }
};

const GIVES: ReadonlySet<WorkflowNode["type"]> = new Set([
  "task",
  "workflow",
  "custom",
  "join",
  "map",
  "loop",
  "wait",
  "approval",
]);

const catches = (node: WorkflowNode | undefined): boolean =>
  node !== undefined &&
  (("catch" in node && node.catch !== undefined) || ("otherwise" in node && node.otherwise !== undefined));

const isWithin = (region: Region | undefined, is: (region: Region) => boolean): boolean =>
  region !== undefined && (is(region) || isWithin(region.parent ?? undefined, is));

const absent = (
  schema: JsonSchema | undefined,
  path: Reference["path"],
  what: string,
  guarded: boolean,
  field: string,
): readonly GraphFault[] => {
  if (schema === undefined || guarded) return [];
  const member = memberOf(schema, path);
  if (member.kind !== "absent") return [];
  return [
    {
      field,
      description: `${[what, ...path].join(".")}: there is no such member${"known" in member ? knownOf(member.known) : ""}`,
    },
  ];
};

const knownOf = (known: readonly string[] | undefined): string =>
  known === undefined || known.length === 0 ? "" : `; there are ${known.slice(0, 10).join(", ")}`;

const misfitsOf = (
  id: string,
  field: string,
  { field: own, value }: ExpressionPlace,
  { input, inputs, outputs }: GraphSchemas,
): readonly GraphFault[] => {
  const target = inputs?.[id];
  if (target === undefined || own !== "input") return [];
  const source = templateSchema(value, (path) => {
    const [root, name, ...rest] = path;
    const schema =
      root === "input" ? input : root === "nodes" && typeof name === "string" ? outputs?.[name] : undefined;
    if (schema === undefined) return undefined;
    const member = memberOf(schema, root === "input" ? path.slice(1) : rest);
    return member.kind === "found" ? member.schema : undefined;
  });
  return misfits(source, target).map(({ path, expected, got }) => ({
    field: [field, ...path].join("."),
    description: `expected ${expected}, it gives ${got}`,
  }));
};
