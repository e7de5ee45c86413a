/** A graph with its expressions made ready to be evaluated: what the machine works on. */
import {
  type FunctionReference,
  NAME_PATTERN,
  PlatformError,
  parseDuration,
  type WorkflowGraph,
  type WorkflowNode,
  type WorkflowNodeOf,
} from "@agentcore/contract";
import type { Target, WorkflowDefinition, WorkflowScope } from "@agentcore/contract/authoring";
import { compileExpression, compileTemplate } from "../expressions/index.ts";
import { bindingsOf } from "./bindings-of.ts";
import { assertGraph } from "./check-graph.ts";
import { joinRuleOf } from "./join-rule.ts";
import { structureOf } from "./regions.ts";

export type Evaluate = (scope: WorkflowScope) => unknown;

/** Nodes whose work is a call. */
export type CallSpec = WorkflowNodeOf<"task" | "workflow" | "custom" | "wait" | "approval">;
export type UndoSpec = NonNullable<WorkflowNodeOf<"task">["undo"]>;

interface Named {
  readonly id: string;
  /** The loop whose body it is in, nearest first; null outside of any. */
  readonly loop: string | null;
}

export interface CallNode extends Named {
  readonly type: "call";
  readonly spec: CallSpec;
  readonly input: Evaluate;
  /** Who does it, when that is chosen as the run goes on. */
  readonly target: Evaluate | null;
  /** For an approval what is asked, for a wait up to when. */
  readonly text: Evaluate | null;
  readonly undo: { readonly spec: UndoSpec; readonly input: Evaluate } | null;
  readonly catch: string | null;
}
export interface DecisionNode extends Named {
  readonly type: "decision";
  readonly cases: readonly { readonly when: Evaluate; readonly next: string; readonly reason: string }[];
  readonly otherwise: string;
}
export interface ParallelNode extends Named {
  readonly type: "parallel";
  readonly branches: readonly (readonly [name: string, start: string])[];
  readonly join: string;
  readonly merge: "object" | "list" | "concat" | "assign" | "first" | Evaluate;
  readonly failFast: boolean;
  /** Branches that have to succeed before it goes on, if not all have ended. */
  readonly need: number | null;
  /** Of the branches that have succeeded: the others need not. */
  readonly until: Evaluate | null;
  readonly untilReason: string;
  /** For the log: whoever wrote the condition may have said what it asks. */
  readonly asks: string;
  /** Where it goes on behind the join. */
  readonly next: string;
  readonly catch: string | null;
}
/** Reached by branches only: where they end. */
export interface JoinNode extends Named {
  readonly type: "join";
}
export interface MapNode extends Named {
  readonly type: "map";
  /** `count`: items that there have to be, where that is known. */
  readonly over: (scope: WorkflowScope, count: number | null) => unknown;
  readonly body: string;
  readonly concurrency: number;
  readonly failFast: boolean;
  readonly next: string;
  readonly catch: string | null;
}
export interface LoopNode extends Named {
  readonly type: "loop";
  readonly body: string;
  readonly until: Evaluate | null;
  readonly reason: string;
  readonly maxTurns: number;
  readonly next: string;
  readonly otherwise: string | null;
}
export interface GateNode extends Named {
  readonly type: "gate";
  readonly pass: Evaluate;
  readonly reason: string;
  readonly again: string;
  readonly maxTurns: number;
  readonly next: string;
  readonly otherwise: string | null;
}
export interface EndNode extends Named {
  readonly type: "end";
  readonly output: Evaluate;
}
export interface FailNode extends Named {
  readonly type: "fail";
  readonly message: Evaluate;
}
export type CompiledNode =
  | CallNode
  | DecisionNode
  | ParallelNode
  | JoinNode
  | MapNode
  | LoopNode
  | GateNode
  | EndNode
  | FailNode;

export interface CompiledWorkflow {
  readonly graph: WorkflowGraph;
  readonly nodes: ReadonlyMap<string, CompiledNode>;
  readonly functions: WorkflowDefinition["functions"];
}

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_GATE_TURNS = 3;

/** How expressions of a graph are made ready. */
interface Expressions {
  value(expression: string | FunctionReference): Evaluate;
  template(value: unknown, otherwise: Evaluate): Evaluate;
  /** Null for one that is known before anything runs. */
  target(target: WorkflowNodeOf<"task">["target"]): Evaluate | null;
  time(until: string | FunctionReference): Evaluate;
  /** What `where` reads of the scope, for those who ask it. */
  bindings(where: string): Evaluate;
  items(over: string | FunctionReference): MapNode["over"];
}

/** Throws INVALID_ARGUMENT with every place that is wrong. `name`: that it is called by. */
export const compileWorkflow = ({ graph, functions }: WorkflowDefinition, name?: string): CompiledWorkflow => {
  assertGraph(graph, functions, name);
  return { graph, nodes: compileNodes(graph, expressionsWith(functions)), functions };
};

export const compileNodes = (graph: WorkflowGraph, expressions: Expressions): CompiledWorkflow["nodes"] => {
  const { regions } = structureOf(graph);
  return new Map(
    Object.entries(graph.nodes).map(([id, node]) => [
      id,
      compileNode({ id, loop: regions.get(id)?.loop ?? null }, node, graph, expressions),
    ]),
  );
};

/** Milliseconds of a length of time as graphs have it. */
export const millisecondsOf = (duration: string | number): number =>
  typeof duration === "number" ? duration : (parseDuration(duration) ?? 0);

const isReference = (value: unknown): value is FunctionReference =>
  typeof value === "object" && value !== null && "$function" in value;

const expressionsWith = (functions: WorkflowDefinition["functions"]): Expressions => {
  const call =
    (name: string): Evaluate =>
    (scope) => {
      const value = (functions[name] as Evaluate)(scope);
      // Nothing waits for it, and what is refused below is told: a rejection that nobody takes would end the process.
      if (value instanceof Promise) value.catch(() => undefined);
      return value;
    };
  const value: Expressions["value"] = (expression) =>
    isReference(expression) ? call(expression.$function) : compileExpression(expression).evaluate;
  const template: Expressions["template"] = (given, otherwise) => {
    if (given === undefined) return otherwise;
    return isReference(given) ? call(given.$function) : compileTemplate(given).evaluate;
  };
  return {
    value,
    template,
    target(target) {
      if (typeof target !== "string" && !isReference(target)) return null;
      const choose = template(target, nothing);
      return (scope) => asTarget(choose(scope));
    },
    time(until) {
      const time = value(until);
      return (scope) => timeOf(time(scope));
    },
    bindings(where) {
      const { references } = compileExpression(where);
      return (scope) => bindingsOf(references, scope);
    },
    items(over) {
      const list = value(over);
      return (scope) => list(scope);
    },
  };
};

const compileNode = (
  named: Named,
  node: WorkflowNode,
  graph: WorkflowGraph,
  { value, template, target, time, bindings, items }: Expressions,
): CompiledNode => {
  const { id } = named;
  switch (node.type) {
    case "task":
    case "workflow":
    case "custom": {
      const { undo } = node;
      return {
        ...named,
        type: "call",
        spec: node,
        input: template(node.input, previousOf),
        target: node.type === "task" ? target(node.target) : null,
        text: null,
        undo: undo === undefined ? null : { spec: undo, input: template(undo.input, ({ nodes }) => nodes[id]) },
        catch: node.catch ?? null,
      };
    }
    case "wait": {
      const text = node.until === undefined ? null : time(node.until);
      const { where } = node.event ?? {};
      const input = where === undefined ? nothing : bindings(where);
      const calls = { ...named, type: "call", spec: node, input, target: null, text, undo: null } as const;
      return { ...calls, catch: node.otherwise ?? null };
    }
    case "approval": {
      const text = template(node.prompt, nothing);
      const input = template(node.show, previousOf);
      const calls = { ...named, type: "call", spec: node, input, target: null, text, undo: null } as const;
      return { ...calls, catch: node.otherwise ?? null };
    }
    case "decision": {
      const cases = node.cases.map(({ when, next }) => ({ when: value(when), next, reason: reasonOf(when) }));
      return { ...named, type: "decision", cases, otherwise: node.otherwise };
    }
    case "parallel": {
      const join = graph.nodes[node.join] as WorkflowNodeOf<"join">;
      const { merge = "object", next, until } = join;
      return {
        ...named,
        type: "parallel",
        branches: Object.entries(node.branches),
        join: node.join,
        merge: typeof merge === "string" ? merge : value(merge.value),
        ...joinRuleOf(join),
        until: until === undefined ? null : value(until),
        untilReason: until === undefined ? "" : reasonOf(until),
        asks: node.description ?? (until === undefined ? "" : reasonOf(until)),
        next,
        catch: node.catch ?? null,
      };
    }
    case "join":
      return { ...named, type: "join" };
    case "map":
      return {
        ...named,
        type: "map",
        over: items(node.over),
        body: node.body,
        concurrency: node.concurrency ?? DEFAULT_CONCURRENCY,
        failFast: (node.onFailure ?? "fail") === "fail",
        next: node.next,
        catch: node.catch ?? null,
      };
    case "loop":
      return {
        ...named,
        type: "loop",
        body: node.body,
        until: node.until === undefined ? null : value(node.until),
        reason: node.until === undefined ? "" : reasonOf(node.until),
        maxTurns: node.maxTurns,
        next: node.next,
        otherwise: node.otherwise ?? null,
      };
    case "gate":
      return {
        ...named,
        type: "gate",
        pass: value(node.pass),
        reason: reasonOf(node.pass),
        again: node.again,
        maxTurns: node.maxTurns ?? DEFAULT_GATE_TURNS,
        next: node.next,
        otherwise: node.otherwise ?? null,
      };
    case "end":
      return { ...named, type: "end", output: template(node.output, previousOf) };
    case "fail":
      return { ...named, type: "fail", message: template(node.message, nothing) };
  }
};

const asTarget = (value: unknown): Target => {
  if (typeof value === "object" && value !== null && Object.keys(value).length === 1) {
    const { agent, capability, need } = value as Readonly<Record<string, unknown>>;
    if (typeof agent === "string" && NAME_PATTERN.test(agent)) return { agent };
    if (typeof capability === "string" && capability !== "") return { capability };
    if (typeof need === "string" && need !== "") return { need };
  }
  throw new PlatformError(
    "WORKFLOW_FAILED",
    `target: expected { agent }, { capability } or { need } with its name, got ${(JSON.stringify(value) ?? "nothing").slice(0, 200)}`,
  );
};

/** Milliseconds since 1970. */
const timeOf = (value: unknown): number => {
  // oxlint-disable-next-line no-restricted-globals -- it reads a text, not a clock
  const time = typeof value === "string" ? Date.parse(value) : value;
  if (typeof time === "number" && Number.isFinite(time)) return time;
  throw new PlatformError(
    "WORKFLOW_FAILED",
    `until: expected milliseconds since 1970 or a time as 2026-01-31T12:00:00Z, got ${JSON.stringify(value)}`,
  );
};

const previousOf: Evaluate = ({ previous }) => previous;
const nothing: Evaluate = () => undefined;
const reasonOf = (expression: string | FunctionReference): string =>
  isReference(expression) ? `function ${expression.$function}` : expression;

/** Of a condition. Throws what says that it is none. */
export const holds = (evaluate: Evaluate, scope: WorkflowScope, reason: string): boolean => {
  const value = evaluate(scope);
  if (typeof value === "boolean") return value;
  throw new PlatformError(
    "WORKFLOW_FAILED",
    `${reason}: expected true or false, got ${value instanceof Promise ? "a promise: conditions decide at once" : JSON.stringify(value)}`,
  );
};
