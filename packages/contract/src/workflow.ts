/**
 * A workflow as plain JSON: what the builder and the YAML manifest compile to (docs/decisions/0015). Nodes are named; edges are what
 * nodes say about where to go on. A branch of a `parallel` ends where it goes to its `join`, the body of a `map` or `loop` where it
 * goes back to it. What is right by itself and wrong in its place (a dead end, an unreachable node, a cycle without a bound) is for
 * `checkGraph` of core.
 */
import { z } from "zod";
import { DurationText } from "./duration.ts";
import { Priority } from "./events.ts";
import { NAME_PATTERN } from "./message.ts";
import { TopicPattern } from "./topic.ts";

/** Stands in paths of the log, between other signs, and in expressions: `nodes.score`, `nodes["credit-score"]`. */
export const NODE_ID_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const NodeId = z.string().regex(NODE_ID_PATTERN, {
  error: "expected the name of a node: letters, digits, hyphens and underscores, a letter first, at most 63",
});

/** A function of the code that the graph came with; only the builder makes these. */
export const FunctionReference = z.strictObject({ $function: z.string().min(1).max(200) });
export type FunctionReference = z.infer<typeof FunctionReference>;

const ExpressionText = z.string().min(1).max(4096);
/** In CEL, over `input nodes errors previous item index turn`; or a function of these. */
export const Expression = z.union([ExpressionText, FunctionReference], {
  error: "expected an expression in CEL",
});
export type Expression = z.infer<typeof Expression>;

/** JSON in which a text that is `${expression}` stands for its value, and `${…}` within a text for its value as text. */
export const Template = z.union([FunctionReference, z.unknown()]);
export type Template = unknown;

const Text = z.string().min(1).max(4096);
/** A length of time as people write it, or milliseconds. */
const Duration = z.union([DurationText, z.int().min(1).max(Number.MAX_SAFE_INTEGER)], {
  error: "expected a length of time such as 90s, 15m, 12h or 30d, or milliseconds",
});
const count = (most: number) => z.int().min(1).max(most);

// As in the spelling of a target, where blanks separate them.
const LabelText = z.string().regex(/^[^\s=]{1,63}$/, { error: "expected 1 to 63 characters without blanks and =" });

/** Who does it. */
const TaskTarget = z.union(
  [
    z.strictObject({ agent: z.string().regex(NAME_PATTERN) }),
    z.strictObject({ capability: Text }),
    z.strictObject({
      need: Text.regex(/\S/, { error: "expected what is to be done, in words" }),
      /** US dollars. */
      maxCostUsd: z.number().nonnegative().optional(),
      maxLatencyMs: z.number().nonnegative().optional(),
      /** Labels that the agent must have. */
      selector: z.record(LabelText, LabelText).optional(),
    }),
  ],
  { error: "expected { agent }, { capability } or { need }" },
);

/** Chosen as the run goes on: `${expression}`, whole, that gives one of these. */
const ChosenTarget = z.string().regex(/^\$\{[^]+\}$/);
const NodeTarget = z.union([TaskTarget, FunctionReference, ChosenTarget], {
  error: "expected { agent }, { capability } or { need }, or ${expression} that gives one of them",
});

const Retry = z.strictObject({
  /** Tries in all. @default 4 */
  maxAttempts: count(100).optional(),
  /** @default 100 */
  initialDelayMs: count(86_400_000).optional(),
  /** @default 30000 */
  maxDelayMs: count(86_400_000).optional(),
});

/** What takes a node's effect back. `input` is evaluated when the node completes; its own output is `nodes.<id>`. */
const Undo = z
  .strictObject({
    target: TaskTarget.optional(),
    skill: Text.optional(),
    /** Runs as one step. */
    function: z.string().min(1).max(200).optional(),
    /** @default the node's output */
    input: Template.optional(),
    timeout: Duration.optional(),
    retry: Retry.optional(),
  })
  .refine(({ target, function: named }) => (target === undefined) !== (named === undefined), {
    error: "expected either target or function: who takes it back",
    path: ["target"],
  });
export type Undo = z.infer<typeof Undo>;

const described = { description: z.string().max(4096).optional() };
const next = { next: NodeId };
/** What every node has whose work can fail. */
const effect = {
  ...described,
  ...next,
  /** @default the output of the node before it, the workflow's input where there is none */
  input: Template.optional(),
  timeout: Duration.optional(),
  undo: Undo.optional(),
  /** Where to go on when it has failed for good; `errors.<id>` then says how. @default the workflow fails */
  catch: NodeId.optional(),
};

const TaskNode = z.strictObject({
  type: z.literal("task"),
  target: NodeTarget,
  skill: Text.optional(),
  priority: Priority.optional(),
  ...effect,
});
/** A workflow as a part of another. */
const SubWorkflowNode = z.strictObject({
  type: z.literal("workflow"),
  workflow: z.string().regex(NAME_PATTERN),
  priority: Priority.optional(),
  ...effect,
});
/** A function of the code, run as one step. */
const CustomNode = z.strictObject({
  type: z.literal("custom"),
  function: z.string().min(1).max(200),
  retry: Retry.optional(),
  ...effect,
});
/** The first case that holds. */
const DecisionNode = z.strictObject({
  type: z.literal("decision"),
  ...described,
  cases: z
    .array(z.strictObject({ when: Expression, next: NodeId }))
    .min(1)
    .max(100),
  otherwise: NodeId,
});
const ParallelNode = z.strictObject({
  type: z.literal("parallel"),
  ...described,
  branches: z
    .record(NodeId, NodeId)
    .refine((branches) => Object.keys(branches).length >= 1 && Object.keys(branches).length <= 100, {
      error: "expected 1 to 100 branches",
    }),
  join: NodeId,
  catch: NodeId.optional(),
});
const JoinNode = z.strictObject({
  type: z.literal("join"),
  ...described,
  ...next,
  /**
   * object: outputs by name of the branch; list: in order of the branches; concat: their lists, one after the other; assign: their
   * objects, the later over the earlier; first: the output that came first; or an expression over `branches`. @default "object"
   */
  merge: z
    .union([z.enum(["object", "list", "concat", "assign", "first"]), z.strictObject({ value: Expression })])
    .optional(),
  /**
   * fail: one that fails ends the others and fails the whole; ignore: it is left out. @default "fail"; with `need`, `until` or merge first:
   * "ignore"
   */
  onFailure: z.enum(["fail", "ignore"]).optional(),
  /** Goes on as soon as so many have succeeded and ends the others. @default all; with onFailure ignore: those that succeed, at least one */
  need: count(100).optional(),
  /** Over `branches`, asked after each that succeeds while others are under way: goes on as soon as it holds and ends the others. @default never */
  until: Expression.optional(),
});
const MapNode = z.strictObject({
  type: z.literal("map"),
  ...described,
  ...next,
  /** A list of at most 10,000. */
  over: Expression,
  body: NodeId,
  /** Items at once. @default 10 */
  concurrency: count(1000).optional(),
  /** fail: one that fails ends the others and fails the whole; ignore: null stands in its place. @default "fail" */
  onFailure: z.enum(["fail", "ignore"]).optional(),
  catch: NodeId.optional(),
});
/** Runs its body until the expression holds after a turn, `turn` counting from 1. Its output is that of the body's last turn. */
const LoopNode = z.strictObject({
  type: z.literal("loop"),
  ...described,
  ...next,
  body: NodeId,
  /** @default never: it takes all turns */
  until: Expression.optional(),
  maxTurns: count(1_000_000),
  /** Where to go on when the turns are used up and `until` does not hold. @default the workflow fails, with `until`; else `next` */
  otherwise: NodeId.optional(),
});
/** Goes on when what was done is good enough, else back to do it again. */
const GateNode = z.strictObject({
  type: z.literal("gate"),
  ...described,
  ...next,
  pass: Expression,
  again: NodeId,
  /** Times that the work is looked at. @default 3 */
  maxTurns: count(1000).optional(),
  /** Where to go on when the last of them did not pass. @default the workflow fails */
  otherwise: NodeId.optional(),
});
const WaitNode = z
  .strictObject({
    type: z.literal("wait"),
    ...described,
    ...next,
    /** For so long. */
    duration: Duration.optional(),
    /** Up to a time: milliseconds since 1970, or a text as 2026-01-31T12:00:00Z. */
    until: Expression.optional(),
    /** For a signal of that name that somebody sends to the task; its payload is the output. */
    signal: Text.optional(),
    /**
     * For a durable event of the bus; its payload is the output. `topic`: or a pattern, `loan.*` or `*`. `where`: which of them, in CEL over `event` and
     * what all expressions see, as it is when the wait begins. No function: it is asked where the event is, without the code. @default the first
     */
    event: z.strictObject({ topic: TopicPattern, where: ExpressionText.optional() }).optional(),
    /** For a signal or event, so long at most. @default for ever */
    timeout: Duration.optional(),
    /** Where to go on when it did not come in time. @default the workflow fails */
    otherwise: NodeId.optional(),
  })
  .refine(
    ({ duration, until, signal, event }) =>
      [duration, until, signal, event].filter((each) => each !== undefined).length === 1,
    { error: "expected exactly one of duration, until, signal, event: what it waits for", path: ["duration"] },
  );
/** Asks people. Its output is the decision. */
const ApprovalNode = z.strictObject({
  type: z.literal("approval"),
  ...described,
  ...next,
  /** What is to be decided, in words; a template. */
  prompt: z.union([Text, FunctionReference]),
  /** What they decide on. Whoever decides decides on exactly this. @default the output of the node before it */
  show: Template.optional(),
  /** @default ["approve", "reject"] */
  choices: z.array(Text).min(1).max(20).optional(),
  /** Callers who may decide. @default whoever may send messages to the task */
  approvers: z.array(Text).min(1).max(100).optional(),
  /** So many different people must agree, the caller of the task not among them. @default 1, and the caller may be it */
  fourEyes: z.int().min(1).max(10).optional(),
  expiresAfter: Duration.optional(),
  remindAfter: Duration.optional(),
  escalate: z.strictObject({ after: Duration, to: z.array(Text).min(1).max(100) }).optional(),
  /** Where to go on for a choice. @default `next` for all */
  on: z.record(z.string(), NodeId).optional(),
  /** Where to go on when nobody decided in time. @default the workflow fails */
  otherwise: NodeId.optional(),
});
const EndNode = z.strictObject({
  type: z.literal("end"),
  ...described,
  /** @default the output of the node before it */
  output: Template.optional(),
});
/** Ends in failure: what has an `undo` is taken back. In a branch or an item it fails that. */
const FailNode = z.strictObject({
  type: z.literal("fail"),
  ...described,
  /** A template. */
  message: z.union([Text, FunctionReference]),
});

export const WorkflowNode = z.discriminatedUnion("type", [
  TaskNode,
  SubWorkflowNode,
  CustomNode,
  DecisionNode,
  ParallelNode,
  JoinNode,
  MapNode,
  LoopNode,
  GateNode,
  WaitNode,
  ApprovalNode,
  EndNode,
  FailNode,
]);
export type WorkflowNode = z.infer<typeof WorkflowNode>;
export type WorkflowNodeType = WorkflowNode["type"];
export type WorkflowNodeOf<Type extends WorkflowNodeType> = Extract<WorkflowNode, { type: Type }>;

export const MAX_NODES = 1_000;
export const WorkflowGraph = z.strictObject({
  start: NodeId,
  nodes: z
    .record(NodeId, WorkflowNode)
    .refine((nodes) => Object.keys(nodes).length <= MAX_NODES, { error: `expected at most ${MAX_NODES} nodes` }),
});
export type WorkflowGraph = z.infer<typeof WorkflowGraph>;
