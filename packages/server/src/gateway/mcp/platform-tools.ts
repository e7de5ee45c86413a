/** Skills of the platform as tools, under the permissions of who calls: tasks, and agents. No agent's name has an underscore. */
import { type PlatformError, parseInput, TASK_STATES } from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { DoorResult, DoorTool } from "@agentcore/mcp/server";
import { z } from "zod";
import { digestId } from "../../digest-id.ts";
import type { AgentDescription, AgentDirectory } from "../deps/agents.ts";
import { callableAgents } from "./agent-tools.ts";
import { resultOf } from "./tool-content.ts";

interface PlatformTool {
  readonly tool: DoorTool;
  run(scope: CallerScope, input: unknown): Promise<DoorResult>;
}

const TaskId = z.string().min(1).max(200).describe("Id of the task");
const MAX_DECISIONS = 50;
const MAX_READ_EVENTS = 2000;
const FOUND = 20;

export const createPlatformTools = (tasks: TaskService, agents: AgentDirectory): ReadonlyMap<string, PlatformTool> => {
  const define = <Input>(
    tool: Omit<DoorTool, "inputSchema">,
    schema: z.ZodType<Input>,
    run: (scope: CallerScope, input: Input) => Promise<DoorResult>,
  ): readonly [string, PlatformTool] => {
    const { $schema: _, ...inputSchema } = z.toJSONSchema(schema, { io: "input" });
    return [
      tool.name,
      {
        tool: { ...tool, inputSchema },
        run: (scope, input) => run(scope, parseInput(schema, input, `the arguments of ${tool.name}`)),
      },
    ];
  };
  const reading = { readOnly: true, idempotent: true };
  return new Map([
    define(
      { name: "agents_list", description: "Lists the agents that you may call, with what they do", hints: reading },
      z.strictObject({}),
      async (scope) => data({ agents: callableAgents(agents, scope).map(shown) }),
    ),
    define(
      {
        name: "agents_find",
        description: "Finds agents by words of their name, description, skills and tags; the best first",
        hints: reading,
      },
      z.strictObject({ words: z.string().min(1).max(500).describe("What is looked for") }),
      async (scope, { words }) => data({ agents: found(callableAgents(agents, scope), words).map(shown) }),
    ),
    define(
      { name: "tasks_list", description: "Lists tasks, the newest first", hints: reading },
      z.strictObject({
        agent: z.string().max(63).optional(),
        state: z.enum(TASK_STATES).optional(),
        pageSize: z.int().min(1).max(100).optional(),
        pageToken: z.string().max(2000).optional(),
      }),
      async (scope, { state, ...request }) => {
        const { heads, nextPageToken, totalSize } = await tasks.list(scope, {
          ...request,
          ...(state === undefined ? {} : { states: [state] }),
        });
        const items = heads.map(({ taskId, agent, state: is, contextId, createdAt, updatedAt }) => ({
          ...{ taskId, agent, state: is, contextId },
          ...{ createdAt: new Date(createdAt).toISOString(), updatedAt: new Date(updatedAt).toISOString() },
        }));
        return data({ tasks: items, totalSize, ...(nextPageToken === "" ? {} : { nextPageToken }) });
      },
    ),
    define(
      { name: "tasks_get", description: "Tells how a task is, and gives what it made", hints: reading },
      z.strictObject({ taskId: TaskId }),
      async (scope, { taskId }) => {
        const task = await tasks.view(scope, taskId, { historyLength: 0 });
        const head = await tasks.head(scope, taskId);
        const said = (task.status.message?.parts ?? [])
          .flatMap(({ text }) => (text === undefined ? [] : [text]))
          .join("\n");
        const state = `Task ${taskId} of ${head.agent} is ${head.state}.${said === "" ? "" : ` ${said}`}`;
        const { content, structured } = resultOf(task);
        return {
          content: [{ type: "text", text: state }, ...content],
          structured: {
            ...{ taskId, agent: head.agent, state: head.state, contextId: head.contextId },
            ...(said === "" ? {} : { said }),
            ...(structured === undefined ? {} : { output: structured }),
          },
        };
      },
    ),
    define(
      {
        name: "tasks_why",
        description: "Tells what was decided in a task, and why: who got it, which way it went",
        hints: reading,
      },
      z.strictObject({ taskId: TaskId }),
      async (scope, { taskId }) => {
        const events = await tasks.log(scope, taskId, { after: 0, limit: MAX_READ_EVENTS });
        const decisions = events.flatMap(({ seq, type, data: made }) =>
          type === "decision.made"
            ? [{ seq, kind: made.kind, choice: made.choice, reasons: made.reasons, scores: made.scores }]
            : [],
        );
        return data({
          taskId,
          decisions: decisions.slice(0, MAX_DECISIONS),
          ...(decisions.length > MAX_DECISIONS ? { more: decisions.length - MAX_DECISIONS } : {}),
        });
      },
    ),
    define(
      { name: "tasks_answer", description: "Answers what a task asks", hints: { destructive: false } },
      z.strictObject({ taskId: TaskId, answer: z.string().min(1).max(100_000).describe("In words, or as JSON") }),
      async (scope, { taskId, answer }) => {
        const head = await tasks.head(scope, taskId);
        const messageId = `mcp-${digestId(`${taskId}/${head.seq}/${answer}`)}`;
        await tasks.send(scope, taskId, { messageId, role: "ROLE_USER", parts: [{ text: answer }] });
        return text(`Task ${taskId} has the answer; ask how it is with tasks_get.`);
      },
    ),
    define(
      {
        name: "tasks_cancel",
        description: "Cancels a task that is not over",
        hints: { destructive: true, idempotent: true },
      },
      z.strictObject({ taskId: TaskId, reason: z.string().max(1000).optional() }),
      async (scope, { taskId, reason }) => {
        await tasks.cancel(scope, taskId, reason);
        return text(`Task ${taskId} is being canceled.`);
      },
    ),
  ]);
};

const shown = ({ name, description, skills, state }: AgentDescription) => ({
  ...{ name, description, state },
  skills: skills.map(({ id, name: skill, description: does, tags }) => ({ id, name: skill, description: does, tags })),
});

const wordsIn = (words: string): readonly string[] => words.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** By how many of the words are theirs; ties by name. */
const found = (all: readonly AgentDescription[], words: string): readonly AgentDescription[] => {
  const wanted = [...new Set(wordsIn(words))];
  return all
    .map((agent) => {
      const skills = agent.skills.map(({ id, name, description, tags }) => [id, name, description, ...tags].join(" "));
      const has = new Set(wordsIn([agent.name, agent.description, ...skills].join(" ")));
      return { agent, score: wanted.filter((word) => has.has(word)).length };
    })
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, FOUND)
    .map(({ agent }) => agent);
};

const data = (structured: Readonly<Record<string, unknown>>): DoorResult => ({
  content: [{ type: "text", text: JSON.stringify(structured) }],
  structured,
});

const text = (said: string): DoorResult => ({ content: [{ type: "text", text: said }] });

/** What a model can do something about. */
export const toolFailure = ({ code, message }: PlatformError): DoorResult => ({
  content: [{ type: "text", text: `${message} (${code})` }],
  isError: true,
});
