/** The patterns by name, as they are configured without code. */
import { invalidArgument, PlatformError, parseInput } from "@agentcore/contract";
import { type AgentDefinition, agent } from "@agentcore/sdk";
import { z } from "zod";
import { type BreakdownOptions, breakdown, breakdownShape } from "./breakdown/breakdown.ts";
import { crew, crewShape } from "./conversations/crew.ts";
import { groupChat, groupChatShape } from "./conversations/group-chat.ts";
import { handoff, handoffShape } from "./conversations/handoff.ts";
import { network, networkShape } from "./conversations/network.ts";
import { debate, debateShape } from "./patterns/debate.ts";
import { evaluatorLoop, evaluatorLoopShape } from "./patterns/evaluator-loop.ts";
import { mapReduce, mapReduceShape } from "./patterns/map-reduce.ts";
import { parallel, parallelShape } from "./patterns/parallel.ts";
import { sequential, sequentialShape } from "./patterns/sequential.ts";
import { hierarchical, hierarchicalShape, supervisor, supervisorShape } from "./patterns/supervisor.ts";
import { vote, voteShape } from "./patterns/vote.ts";
import { IN_JSON, type PatternOptions, type RoleSchemas, titled } from "./role.ts";

export interface PatternDescription {
  readonly name: string;
  readonly description: string;
  /** Whom a run gives work to is found as it runs, not named in its configuration. */
  readonly findsAgents: boolean;
  /** JSON Schema of its configuration. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly example: { readonly input: unknown; readonly configuration: unknown };
  /** A workflow without functions, or a conversation. Throws INVALID_ARGUMENT with every field of the configuration that is wrong. */
  define(configuration: unknown): AgentDefinition;
}

const describe = (
  name: string,
  description: string,
  shapeOf: (schemas: RoleSchemas) => Readonly<Record<string, z.ZodType>>,
  make: (options: never) => AgentDefinition,
  example: PatternDescription["example"],
  findsAgents = false,
): PatternDescription => {
  const schema = z.strictObject(shapeOf(IN_JSON));
  let json: Readonly<Record<string, unknown>> | undefined;
  return {
    ...{ name, description, findsAgents },
    get configuration() {
      return (json ??= z.toJSONSchema(schema, { io: "input" }));
    },
    example,
    define(configuration) {
      const what = `the configuration of pattern "${name}"`;
      const checked = parseInput(schema, configuration, what);
      try {
        return make({ ...checked, name, description } satisfies PatternOptions as never);
      } catch (error) {
        const { violations } = PlatformError.from(error);
        throw violations === undefined ? error : invalidArgument(what, violations);
      }
    },
  };
};

const Text = z.string().min(1).max(20_000).optional();

/** What a pattern is given of an agent that thinks. */
interface Thinker {
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
}

const patterns: readonly PatternDescription[] = [
  describe("sequential", "One agent after the other, each with what the one before gave", sequentialShape, sequential, {
    input: { topic: "durable workflows" },
    configuration: { agents: [{ agent: "researcher" }, { agent: "writer" }] },
  }),
  describe("parallel", "Agents side by side, their outputs merged", parallelShape, parallel, {
    input: { loan: "L-7" },
    configuration: {
      agents: { credit: { capability: "credit-check" }, fraud: { capability: "fraud-check" } },
      merge: "object",
    },
  }),
  describe(
    "supervisor",
    "One agent divides the work, workers do its parts, one makes a result of them",
    supervisorShape,
    supervisor,
    {
      input: "Compare three vendors",
      configuration: {
        decompose: { agent: "planner" },
        workers: {
          research: { agent: "researcher", description: "finds facts" },
          prices: { capability: "price-lookup" },
        },
        synthesise: { agent: "writer" },
        maxParts: 10,
      },
    },
  ),
  describe(
    "hierarchical",
    "Supervisors of supervisors: a worker may be a team of its own",
    hierarchicalShape,
    hierarchical,
    {
      input: "Plan the launch",
      configuration: {
        decompose: { agent: "director" },
        workers: {
          legal: { agent: "lawyer" },
          marketing: {
            decompose: { agent: "marketing-lead" },
            workers: [{ agent: "copywriter" }, { agent: "designer" }],
          },
        },
        synthesise: { agent: "director-summary" },
      },
    },
  ),
  describe("map-reduce", "The same for each item of a list, then one result of all", mapReduceShape, mapReduce, {
    input: { items: ["first text", "second text"] },
    configuration: { map: { agent: "summarizer" }, reduce: { agent: "editor" }, concurrency: 5 },
  }),
  describe("vote", "Agents choose, and a rule says what has won; ends as soon as that is certain", voteShape, vote, {
    input: "Shall we refund order 7?",
    configuration: {
      voters: [{ agent: "risk" }, { agent: "support" }, { agent: "finance" }],
      rule: "majority",
      quorum: 2,
      undecided: "reject",
    },
  }),
  describe("debate", "Rounds of positions among agents, and a judge", debateShape, debate, {
    input: "Build or buy?",
    configuration: { debaters: [{ agent: "optimist" }, { agent: "sceptic" }], judge: { agent: "judge" }, rounds: 2 },
  }),
  describe(
    "evaluator-loop",
    "A worker and an evaluator, again until the work is good enough",
    evaluatorLoopShape,
    evaluatorLoop,
    {
      input: "Write a product text",
      configuration: { worker: { agent: "writer" }, evaluator: { agent: "critic" }, threshold: 0.8, maxTurns: 3 },
    },
  ),
  describe("handoff", "One agent at a time has the task, and hands it over until one does it", handoffShape, handoff, {
    input: "My invoice is wrong",
    configuration: {
      members: [{ agent: "triage" }, { agent: "billing" }, { agent: "tech" }],
      routes: { triage: ["billing", "tech"], billing: ["triage"], tech: ["triage"] },
    },
  }),
  describe("group-chat", "A talk with a manager, who says who speaks next", groupChatShape, groupChat, {
    input: "Write a slogan",
    configuration: {
      members: [{ agent: "writer" }, { agent: "critic" }],
      manager: { model: "smart" },
      maxTurns: 10,
    },
  }),
  describe(
    "crew",
    "Roles with goals do tasks with expected outputs, reviewed by a manager if wanted",
    crewShape,
    crew,
    {
      input: { topic: "tea" },
      configuration: {
        roles: {
          researcher: { role: "Researcher", goal: "Find facts", agent: "researcher" },
          writer: { role: "Writer", goal: "Write clearly", model: "smart" },
        },
        tasks: [
          { name: "facts", description: "Find five facts", expectedOutput: "A list of five", by: "researcher" },
          { name: "text", description: "Write a paragraph on them", expectedOutput: "One paragraph", by: "writer" },
        ],
      },
    },
  ),
  describe("network", "Agents write to each other until nobody has a question left", networkShape, network, {
    input: "Estimate the project",
    configuration: {
      members: [{ agent: "design" }, { agent: "backend" }, { agent: "operations" }],
      conclude: { agent: "lead" },
    },
  }),
  describe(
    "breakdown",
    "A request in plain words goes to whoever can do it, in parts where no one agent can",
    (schemas) => ({ ...breakdownShape(schemas), model: Text, instructions: Text }),
    ({ name: title, description, model, instructions, ...options }: PatternOptions & BreakdownOptions & Thinker) =>
      agent({
        ...titled("breakdown", { name: title, description }),
        ...(model === undefined ? {} : { model }),
        ...(instructions === undefined ? {} : { instructions }),
        strategy: breakdown(options),
      }) as AgentDefinition,
    {
      input: "Find facts about tea, then write a report on it",
      configuration: { model: "smart", maxCostUsd: 0.5, onFailure: "gather" },
    },
    true,
  ),
];

export const patternCatalogue: ReadonlyMap<string, PatternDescription> = new Map(
  patterns.map((each) => [each.name, each]),
);
