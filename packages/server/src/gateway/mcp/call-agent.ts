/** A call of a tool that is an agent: a task, followed until it ends or asks. */
import { isTerminal, type Part, PlatformError, type TaskEvent, type TaskEventOf } from "@agentcore/contract";
import { type CallerScope, type SubmitRequest, stateAfter, type TaskService } from "@agentcore/core/tasks";
import type { DoorCall, DoorResult, DoorSeam } from "@agentcore/mcp/server";
import { digestId } from "../../digest-id.ts";
import type { AgentDescription } from "../deps/agents.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { inputOf } from "./agent-tools.ts";
import { resultOf } from "./tool-content.ts";

/** Member of a result's `_meta`: which task it is of. */
const TASK_META = "agentcore.dev/task";
/** Members of a call's `_meta`: the same key finds the task of then; the conversation that the task belongs to. */
export const IDEMPOTENCY_META = "agentcore.dev/idempotency-key";
export const CONTEXT_META = "agentcore.dev/context-id";

type Outcome = Awaited<ReturnType<DoorSeam["call"]>>;

export interface AgentCall {
  readonly scope: CallerScope;
  readonly agent: AgentDescription;
  readonly door: DoorCall;
  readonly traceparent?: string | undefined;
}

export type CallAgent = (call: AgentCall) => Promise<Outcome>;

export const createAgentCalls =
  (tasks: TaskService, waits: OpenCalls): CallAgent =>
  async (call) => {
    const { scope, door } = call;
    // Not the request: in a session the call outlives it, and its result is asked for again.
    const open = waits.begin(scope, { signal: door.left });
    try {
      const begun = door.answer === null ? await begin(tasks, call) : await goOn(tasks, call, door.answer);
      if ("content" in begun) return begun;
      const cancel = (): void =>
        void tasks.cancel(scope, begun.taskId, "the MCP client canceled the call").catch(() => undefined);
      if (door.canceled.aborted) cancel();
      else door.canceled.addEventListener("abort", cancel, { once: true });
      try {
        const last = await follow(tasks, call, begun, open.signal);
        return await outcomeOf(tasks, call, begun.taskId, last);
      } finally {
        door.canceled.removeEventListener("abort", cancel);
      }
    } finally {
      open.end();
    }
  };

interface Begun {
  readonly taskId: string;
  /** Number of the last event that is known already. */
  readonly after: number;
}

const begin = async (tasks: TaskService, { scope, agent, door, traceparent }: AgentCall): Promise<Begun> => {
  const { meta, input } = door;
  const key = meta[IDEMPOTENCY_META];
  const contextId = meta[CONTEXT_META];
  const { form } = inputOf(agent);
  const given: Pick<SubmitRequest, "input" | "message"> =
    form === "message"
      ? { message: messageOf(`mcp-${crypto.randomUUID()}`, { text: textOf(input["message"]) }) }
      : { input: form === "wrapped" ? input["input"] : input };
  const { taskId } = await tasks.submit(scope, {
    target: { agent: agent.name },
    ...given,
    ...(typeof contextId === "string" && contextId !== "" ? { contextId } : {}),
    ...(typeof key === "string" && key !== "" ? { idempotencyKey: `mcp/${agent.name}/${digestId(key)}` } : {}),
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  return { taskId, after: 0 };
};

/** Throws INVALID_ARGUMENT for an argument that is no text. */
const textOf = (value: unknown): string => {
  if (typeof value === "string" && value !== "") return value;
  throw new PlatformError("INVALID_ARGUMENT", "message: expected what to do, in words", {
    violations: [{ field: "message", description: "expected a text" }],
  });
};

const messageOf = (messageId: string, part: Part) => ({ messageId, role: "ROLE_USER" as const, parts: [part] });

interface Asked {
  readonly task: string;
  /** Number of the event that asked. */
  readonly seq: number;
}

/** The state comes from the client: whose task it names is judged as with any other call. */
const goOn = async (
  tasks: TaskService,
  { scope, agent, door }: AgentCall,
  { state, given }: NonNullable<DoorCall["answer"]>,
): Promise<Begun | DoorResult> => {
  const { task: taskId, seq } = readState(state);
  const head = await tasks.head(scope, taskId);
  if (head.agent !== agent.name)
    throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId} of ${agent.name}`, { details: { taskId } });
  if (given.action !== "accept")
    return said(
      taskId,
      `The question was not answered (${given.action}). Task ${taskId} still waits for an answer: ${HOW}`,
    );
  const answer = given.content["answer"];
  const text = typeof answer === "string" ? answer : JSON.stringify(answer ?? given.content);
  // The same answer to the same question again is the same message.
  await tasks.send(scope, taskId, messageOf(`mcp-${digestId(`${taskId}/${seq}/${door.name}/${text}`)}`, { text }));
  return { taskId, after: seq };
};

const HOW = "send it with the tool tasks_answer, or `agentcore send`.";

const readState = (state: string): Asked => {
  try {
    const { task, seq } = JSON.parse(state) as Asked;
    if (typeof task === "string" && Number.isSafeInteger(seq)) return { task, seq };
  } catch {
    // Not ours.
  }
  throw new PlatformError("INVALID_REQUEST", "requestState: expected that of the question that is answered");
};

/** The event that ended it, or asks; null when the client has gone, or the node stops. */
const follow = async (
  tasks: TaskService,
  { scope, door }: AgentCall,
  { taskId, after }: Begun,
  signal: AbortSignal,
): Promise<TaskEvent | null> => {
  for await (const event of tasks.events(scope, taskId, { after, signal })) {
    if (event.type === "task.progressed" && event.data.message !== undefined)
      door.progress(
        event.data.share === undefined
          ? event.data.message
          : `${event.data.message} (${Math.round(event.data.share * 100)} %)`,
      );
    const state = stateAfter(event);
    if (state === null) continue;
    if (isTerminal(state) || state === "input-required" || state === "auth-required" || state === "parked")
      return event;
  }
  return null;
};

const outcomeOf = async (
  tasks: TaskService,
  { scope, door }: AgentCall,
  taskId: string,
  last: TaskEvent | null,
): Promise<Outcome> => {
  switch (last?.type) {
    case "task.completed":
      return { ...resultOf(await tasks.view(scope, taskId, { historyLength: 0 })), meta: { [TASK_META]: taskId } };
    case "task.failed":
    case "task.rejected":
    case "task.parked": {
      const { code, message } = last.data.error;
      const state = last.type.slice("task.".length);
      return said(taskId, `Task ${taskId} is ${state}: ${message} (${code})`, true);
    }
    case "task.canceled":
      return said(
        taskId,
        `Task ${taskId} was canceled${last.data.reason === undefined ? "" : `: ${last.data.reason}`}`,
        true,
      );
    case "task.inputRequired":
      return asked(taskId, last, door.canAsk);
    case "task.authRequired":
      return said(
        taskId,
        `Task ${taskId} waits until access is granted: ${wordsOf(last.data.prompt)}\nGrant it with \`agentcore authorize\`; then ask for its result with tasks_get.`,
      );
    default:
      return said(
        taskId,
        `Task ${taskId} goes on, and this call does not wait for it any longer; ask for it with tasks_get.`,
      );
  }
};

/** Decisions are not taken here: they are for whom they name, on exactly what they are shown. */
const asked = (taskId: string, { seq, data }: TaskEventOf<"task.inputRequired">, canAsk: boolean): Outcome => {
  const words = wordsOf(data.prompt);
  if (data.approval !== undefined)
    return said(
      taskId,
      `Task ${taskId} waits for a decision: ${words}\nWho may decide finds it in \`agentcore inbox\`; its result comes with tasks_get.`,
    );
  if (!canAsk) return said(taskId, `Task ${taskId} asks: ${words}\nTo answer, ${HOW}`);
  return {
    asks: {
      key: keyOf(data.path),
      message: words,
      schema: { type: "object", properties: { answer: { type: "string", title: "Answer" } }, required: ["answer"] },
      state: JSON.stringify({ task: taskId, seq } satisfies Asked),
    },
  };
};

/** What the agent calls its question, where it has a name that clients take. */
const keyOf = (path: string): string => /\[([\w-]{1,64})\](#\d+)?$/.exec(path)?.[1] ?? "answer";

const wordsOf = (parts: readonly Part[]): string =>
  parts
    .map(({ text, data }) => text ?? (data === undefined ? "" : JSON.stringify(data)))
    .filter((each) => each !== "")
    .join("\n");

const said = (taskId: string, text: string, isError = false): DoorResult => ({
  content: [{ type: "text", text }],
  ...(isError ? { isError } : {}),
  meta: { [TASK_META]: taskId },
});
