/** Recorded runs of workflows go on with a graph whose nodes all have other names, wherever they are moved to it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { underMigrations } from "@agentcore/core/tasks";
import { replay } from "@agentcore/testing";
import { expect, test } from "vitest";
import type { History } from "./replay-history.ts";
import { scenarios } from "./scenarios.ts";

const folder = join(import.meta.dirname, "recorded");
const workflows = readdirSync(folder).flatMap((file) => {
  const name = file.replace(/\.json$/, "");
  const definition = scenarios[name]?.agent;
  return definition?.workflow === undefined ? [] : [[name, definition] as const];
});

const EDGES = ["next", "join", "body", "otherwise", "again", "catch"];
const ENDS = new Set(["task.completed", "task.failed", "task.canceled"]);
const now = (name: string): string => `${name}_now`;

const renamedNode = (node: WorkflowNode, names: readonly string[]): WorkflowNode => {
  const expressions = names.reduce(
    (text, name) => text.replaceAll(new RegExp(`\\bnodes\\.${name}\\b`, "g"), `nodes.${now(name)}`),
    JSON.stringify(node),
  );
  const renamed = JSON.parse(expressions) as Record<string, unknown>;
  for (const edge of EDGES) if (typeof renamed[edge] === "string") renamed[edge] = now(renamed[edge]);
  for (const edges of ["branches", "on"] as const)
    if (edges in renamed)
      renamed[edges] = Object.fromEntries(
        Object.entries(renamed[edges] as Record<string, string>).map(([name, to]) => [name, now(to)]),
      );
  if (node.type === "decision")
    renamed["cases"] = (renamed["cases"] as { next: string }[]).map((each) => ({ ...each, next: now(each.next) }));
  return renamed as WorkflowNode;
};

/** Its functions go on to know nodes by the names of then. */
const seenAsThen =
  (work: (...parameters: never[]) => unknown) =>
  (...parameters: never[]): unknown => {
    const [scope, ...rest] = parameters as unknown as [Record<string, unknown> | null, ...never[]];
    if (typeof scope !== "object" || scope === null || !("nodes" in scope)) return work(...parameters);
    const nodes = Object.entries(scope["nodes"] as object).map(([name, output]) => [name.slice(0, -4), output] as const);
    return work({ ...scope, nodes: Object.fromEntries(nodes) } as never, ...rest);
  };

const renamedWorkflow = (definition: AgentDefinition): AgentDefinition => {
  const { graph, functions } = definition.workflow as NonNullable<AgentDefinition["workflow"]>;
  const nodes = Object.entries(graph.nodes).map(([name, node]) => [now(name), renamedNode(node, Object.keys(graph.nodes))] as const);
  const renamed: WorkflowGraph = { start: now(graph.start), nodes: Object.fromEntries(nodes) };
  const { run: _, ...rest } = definition;
  const seen = Object.entries(functions).map(([name, work]) => [name, seenAsThen(work)] as const);
  return { ...rest, workflow: { graph: renamed, functions: Object.fromEntries(seen) } };
};

test.each(workflows)("%s, at each of its events", async (name, definition) => {
  const { taskId, events } = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as History;
  const renamed = renamedWorkflow(definition);
  const names = Object.keys(definition.workflow?.graph.nodes ?? {});
  const rules = { rename: Object.fromEntries(names.map((each) => [each, now(each)])) };
  const moved = events.flatMap((event) => underMigrations(event, [{ seq: events.length + 1, rules }]) ?? []);
  expect(JSON.stringify(moved)).not.toBe(JSON.stringify(events));
  // Whoever was asked what is to become of a node was shown its name, which nobody changes any more.
  const asked = events.findIndex(({ data }) => "path" in data && data.path?.includes("~stands") === true);
  const open = events.slice(0, asked === -1 ? undefined : asked).filter(({ type }) => !ENDS.has(type)).length;
  const parted: [number, string | undefined][] = [];
  let agreed = 0;
  for (let length = 1; length <= open; length += 1) {
    if (!(await replay(events.slice(0, length), definition, { taskId })).ok) continue;
    agreed += 1;
    if (!(await replay(moved.slice(0, length), renamed, { taskId })).ok) parted.push([length, events[length - 1]?.type]);
  }
  expect(parted).toEqual([]);
  expect(agreed).toBeGreaterThan(open / 2);
  // The names of then do not do.
  expect((await replay(events.slice(0, open), renamed, { taskId })).ok).toBe(false);
});
