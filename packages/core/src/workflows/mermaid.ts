/**
 * A graph as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). Ids are numbered (`n0`), since words such as `end` mean something
 * there; all that people wrote stands in quotes, with what could end them written as entity codes. Pure.
 */
import type { WorkflowGraph, WorkflowNode, WorkflowNodeOf } from "@agentcore/contract/authoring";
import { edgesOf } from "./edges.ts";
import { nodeIn, type Region, structureOf } from "./regions.ts";

// Longer ones make boxes wider than a screen.
const MAX_LABEL = 60;

/** Of any graph, also of one with faults: what an edge leads to and is not there is drawn as such. */
export const toMermaid = (graph: WorkflowGraph): string => {
  const { regions } = structureOf(graph);
  const ids = new Map<string, string>();
  for (const id of Object.keys(graph.nodes)) ids.set(id, `n${ids.size}`);
  const missing = new Map<string, string>();
  const idOf = (name: string): string => {
    const known = ids.get(name) ?? missing.get(name);
    if (known !== undefined) return known;
    const made = `m${missing.size}`;
    missing.set(name, made);
    return made;
  };

  const arrows = [`start((" ")) --> ${idOf(graph.start)}`];
  for (const [id, node] of Object.entries(graph.nodes)) {
    for (const { to, kind, label } of edgesOf(id, node)) {
      // A join is come to by its branches.
      if (kind === "join" && nodeIn(graph, to) !== undefined) continue;
      const line = kind === "again" || label === "failed" ? "-.->" : "-->";
      arrows.push(`${idOf(id)} ${line}${label === undefined ? "" : `|"${textOf(label)}"|`} ${idOf(to)}`);
    }
  }

  const blocks = new Map<Region | null, string[]>();
  const children = new Map<Region | null, Region[]>();
  const blockOf = (region: Region | null): string[] => {
    const known = blocks.get(region);
    if (known !== undefined) return known;
    const made: string[] = [];
    blocks.set(region, made);
    if (region === null) return made;
    const parent = region.parent === null || region.parent.owner === null ? null : region.parent;
    blockOf(parent);
    children.set(parent, [...(children.get(parent) ?? []), region]);
    return made;
  };
  const byName = new Map<string, Region>();
  for (const [id, node] of Object.entries(graph.nodes)) {
    const found = regions.get(id);
    // One region may have been made for each of the ways into it.
    const known = found === undefined ? undefined : (byName.get(found.name) ?? found);
    if (known !== undefined) byName.set(known.name, known);
    blockOf(known === undefined || known.owner === null ? null : known).push(`${idOf(id)}${shapeOf(id, node)}`);
  }

  const lines = ["flowchart TD"];
  let count = 0;
  const write = (region: Region | null, indent: string): void => {
    for (const line of blocks.get(region) ?? []) lines.push(`${indent}${line}`);
    for (const child of children.get(region) ?? []) {
      lines.push(`${indent}subgraph r${count++}["${textOf(titleOf(child))}"]`);
      write(child, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  write(null, "  ");
  for (const [name, id] of missing) lines.push(`  ${id}["${textOf(`${name}: not there`)}"]`);
  lines.push(...arrows.map((arrow) => `  ${arrow}`));
  return `${lines.join("\n")}\n`;
};

const titleOf = ({ name, owner, isTurn }: Region): string => {
  if (isTurn) return `each turn of ${owner}`;
  return name === owner ? `each of ${owner}` : name;
};

const shapeOf = (id: string, node: WorkflowNode): string => {
  const [open, close] = SHAPES[node.type];
  const detail = detailOf(node);
  // The line break is Mermaid's; what people wrote cannot make one.
  return `${open}"${textOf(id)}${detail === undefined ? "" : `<br/>${textOf(detail)}`}"${close}`;
};

const SHAPES: Readonly<Record<WorkflowNode["type"], readonly [open: string, close: string]>> = {
  task: ["[", "]"],
  workflow: ["[[", "]]"],
  custom: ["[", "]"],
  decision: ["{", "}"],
  gate: ["{", "}"],
  parallel: ["{{", "}}"],
  join: ["{{", "}}"],
  map: ["[/", "/]"],
  loop: ["[/", "/]"],
  wait: ["([", "])"],
  approval: ["[/", "\\]"],
  end: ["((", "))"],
  fail: ["(((", ")))"],
};

const whoOf = (target: WorkflowNodeOf<"task">["target"]): string => {
  if (typeof target === "string") return target;
  if ("$function" in target) return target.$function;
  return "agent" in target ? target.agent : "capability" in target ? target.capability : target.need;
};

const detailOf = (node: WorkflowNode): string | undefined => {
  switch (node.type) {
    case "task": {
      const { target, skill } = node;
      const who = whoOf(target);
      return skill === undefined ? who : `${who}: ${skill}`;
    }
    case "workflow":
      return node.workflow;
    case "map":
      return `over ${wordsOf(node.over)}`;
    case "loop":
      return node.until === undefined ? `${node.maxTurns} turns` : `until ${wordsOf(node.until)}`;
    case "gate":
      return wordsOf(node.pass);
    case "wait": {
      const { duration, until, signal, event } = node;
      if (duration !== undefined) return `for ${typeof duration === "number" ? `${duration} ms` : duration}`;
      if (until !== undefined) return `until ${wordsOf(until)}`;
      return signal === undefined ? `for event ${event?.topic}` : `for signal ${signal}`;
    }
    case "approval":
      return wordsOf(node.prompt);
    case "join":
      return typeof node.merge === "object" ? wordsOf(node.merge.value) : node.merge;
    case "fail":
      return wordsOf(node.message);
    case "custom":
    case "decision":
    case "parallel":
    case "end":
      return undefined;
  }
};

const wordsOf = (value: string | { readonly $function: string }): string =>
  typeof value === "string" ? value : value.$function;

/** Shortened, and every sign that is not plainly text as its entity code: `#35;` is what Mermaid makes a # of. */
const textOf = (text: string): string => {
  const points = Array.from(text);
  const short = points.length > MAX_LABEL ? [...points.slice(0, MAX_LABEL - 1), "…"] : points;
  // A list of Markdown begins so, which Mermaid refuses to draw.
  const list = /^\s*(?:\d+\.|[-+])/u.exec(short.join(""))?.[0].length ?? 0;
  return short
    .map((point, index) => {
      if (/[\p{L}\p{N} .,:=+/?!_…-]/u.test(point) && index !== list - 1) return point;
      // Control signs and halves of a pair are no text, and would break the line or the file.
      return /\p{C}|\p{Z}/u.test(point) ? " " : `#${point.codePointAt(0)};`;
    })
    .join("");
};
