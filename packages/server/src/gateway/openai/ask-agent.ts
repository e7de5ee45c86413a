/** Agents behind a door: a task like any other, begun or gone on with over the operations of A2A. */
import { createHash } from "node:crypto";
import { type A2ATask, type Artifact, type Part, PlatformError } from "@agentcore/contract";
import type { ModelMessage } from "@agentcore/contract/authoring";
import { type CallerScope, type Feed, OUTPUT_ARTIFACT_ID, type TaskService } from "@agentcore/core/tasks";
import type { A2ACall, A2AOperations } from "../a2a/operations.ts";
import type { TaskFrame } from "../a2a/task-stream.ts";
import type { OpenStream } from "../http/open-stream.ts";
import { parseJson } from "../http/parse-json.ts";
import { assertScopes } from "../http/required-scopes.ts";
import type { SseSource } from "../http/server-sent-events.ts";
import { AGENT_PREFIX, type Answer, type AnswerEvent, type Question } from "./question.ts";

/** Member of a message's metadata: the whole conversation that it is the last of. */
const CONVERSATION = "https://agentcore.dev/openai/messages";
/** Characters of a streamed answer, as much as A2A shows of a history. */
const MAX_ANSWER = 16 * 1024 * 1024;

export interface AgentDoorCall extends A2ACall {
  /** Finds the task of then. @default a new task each time */
  readonly idempotencyKey?: string | undefined;
}

export interface AgentStream extends SseSource<AnswerEvent> {
  readonly taskId: string;
}

export interface AgentDoor {
  /** Resolves once the task has ended or asks something. Throws what submitting does, AGENT_FAILED, REJECTED, CANCELED. */
  ask(question: Question, call: AgentDoorCall): Promise<Answer>;
  /** Begun when it resolves. Whoever takes it releases it. */
  stream(question: Question, call: AgentDoorCall): Promise<AgentStream>;
}

export const createAgentDoor = (operations: A2AOperations, tasks: Pick<TaskService, "head">): AgentDoor => {
  const answerOf = async (task: Pick<A2ATask, "id" | "contextId" | "status">, text: string, call: A2ACall) => {
    const { scope, agent } = call;
    const state = await stateOf(tasks, scope, task);
    const asks = state === "input-required" || state === "auth-required";
    if (state !== "completed" && !asks) throw failureOf(task, state);
    const answer: Answer = {
      ...{ text, toolCalls: [], finishReason: "stop", model: `${AGENT_PREFIX}${agent.name}` },
      agentcore: { taskId: task.id, contextId: task.contextId, state },
    };
    return answer;
  };

  return {
    async ask(question, call) {
      const { task } = await begin(question, call, (params) => operations.sendMessage(call, params));
      const isOver = task.status.state === "TASK_STATE_COMPLETED";
      return answerOf(task, isOver ? outputText(task.artifacts ?? []) : statusText(task), call);
    },
    async stream(question, call) {
      const stream = await begin(question, call, (params) => operations.sendStreamingMessage(call, params));
      try {
        const feed = new AgentAnswer(stream.feed, (task) => answerOf(task, "", call));
        const taskId = await feed.begin();
        return { taskId, feed, release: () => stream.release(), leaveSignal: () => stream.leaveSignal() };
      } catch (error) {
        stream.release();
        throw error;
      }
    },
  };
};

type Params = Parameters<A2AOperations["sendMessage"]>[1];

/**
 * An agent takes the text of the last message. Where its input refuses that: the JSON that it is, and else `{ messages }`, the whole
 * conversation. What is refused is not stored. Every form has a key of its own, since one key stands for one request.
 */
const begin = async <T>(
  { request: { messages }, task: { taskId, contextId } }: Question,
  call: AgentDoorCall,
  send: (params: Params) => Promise<T>,
): Promise<T> => {
  assertScopes(call.scope, call.agent);
  const last = messages.at(-1);
  if (last?.role !== "user")
    throw new PlatformError("INVALID_ARGUMENT", "the last message to an agent must be of role user", {
      violations: [{ field: "messages", description: "expected a message of role user as the last" }],
    });
  const key = call.idempotencyKey ?? crypto.randomUUID();
  let refusal: unknown;
  for (const [form, part] of formsOf(last.content, messages)) {
    const metadata = messages.length === 1 ? {} : { metadata: { [CONVERSATION]: messages.map(plain) } };
    try {
      return await send({
        message: {
          ...{ messageId: `${key}${form}`, role: "ROLE_USER", parts: [part], ...metadata },
          ...(taskId === undefined ? {} : { taskId }),
          ...(contextId === undefined ? {} : { contextId }),
        },
      });
    } catch (error) {
      if (taskId !== undefined || !isOfInput(error)) throw error;
      refusal = form === "" || form === "/data" ? error : refusal;
    }
  }
  throw refusal;
};

const isOfInput = (error: unknown): boolean =>
  PlatformError.is(error) && (error.code === "INVALID_ARGUMENT" || error.code === "CONTENT_TYPE_NOT_SUPPORTED");

function* formsOf(text: string, messages: readonly ModelMessage[]): Generator<readonly [string, Part]> {
  yield ["", { text }];
  const data = jsonIn(text);
  if (data !== undefined) yield ["/data", { data }];
  yield ["/messages", { data: { messages: messages.map(plain) } }];
}

const plain = ({ role, content }: ModelMessage) => ({ role, content });

/** Undefined for what is no list or object. */
const jsonIn = (text: string): unknown => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

/** A2A shows a parked task as one that asks. */
const stateOf = async (
  tasks: Pick<TaskService, "head">,
  scope: CallerScope,
  { id, status }: Pick<A2ATask, "id" | "status">,
): Promise<string> => {
  const shown = status.state.slice("TASK_STATE_".length).toLowerCase().replace("_", "-");
  return shown === "input-required" ? (await tasks.head(scope, id)).state : shown;
};

const failureOf = (task: Pick<A2ATask, "id" | "status">, state: string): PlatformError => {
  const taskId = task.id;
  const why = statusText(task);
  const said = why === "" ? "" : `: ${why}`;
  const details = { details: { taskId, state } };
  switch (state) {
    case "rejected":
      return new PlatformError("REJECTED", `task ${taskId} was rejected${said}`, details);
    case "canceled":
      return new PlatformError("CANCELED", `task ${taskId} was canceled${said}`, details);
    case "failed":
    case "parked":
      return new PlatformError("AGENT_FAILED", `task ${taskId} is ${state}${said}`, details);
    default:
      return new PlatformError(
        "UNAVAILABLE",
        `task ${taskId} goes on; the node stops, or too many wait: ask for it later`,
        {
          ...{ ...details, retryAfterMs: 1000 },
        },
      );
  }
};

const statusText = ({ status }: Pick<A2ATask, "status">): string => textsOf(status.message?.parts ?? []).join("\n");

const textsOf = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap(({ text }) => (text === undefined ? [] : [text]));

/** The output, as text or JSON; of a task that gives none what its artifacts say. */
const outputText = (artifacts: readonly Artifact[]): string => {
  const output = artifacts.find(({ artifactId }) => artifactId === OUTPUT_ARTIFACT_ID);
  const text = output === undefined ? "" : artifactText(output);
  if (text !== "") return text;
  return artifacts
    .map(artifactText)
    .filter((each) => each !== "")
    .join("\n\n");
};

/** Of the output also data: it is the answer. What was streamed lies there in its pieces, which may end within a word. */
const artifactText = ({ artifactId, parts }: Artifact): string => {
  const [only] = parts;
  if (artifactId === OUTPUT_ARTIFACT_ID && only?.data !== undefined)
    return only.data === null ? "" : JSON.stringify(only.data);
  return textsOf(parts).join("");
};

/** A task's stream as an answer: artifacts as they are appended, and of the output what they have not said already. */
class AgentAnswer implements Feed<AnswerEvent> {
  private readonly frames: OpenStream<TaskFrame>["feed"];
  private readonly answerOf: (task: Pick<A2ATask, "id" | "contextId" | "status">) => Promise<Answer>;
  /** Read to learn the task, and not told yet. */
  private ahead: readonly TaskFrame[] = [];
  private taskId = "";
  private contextId: string | undefined;
  private readonly said = new SaidText();
  /** What was said of the artifact that was spoken last, since it began. */
  private current = new SaidText();
  private artifactId: string | null = null;
  /** Artifacts of which something was said. */
  private readonly told = new Set<string>();
  private isOver = false;

  constructor(
    frames: OpenStream<TaskFrame>["feed"],
    answerOf: (task: Pick<A2ATask, "id" | "contextId" | "status">) => Promise<Answer>,
  ) {
    this.frames = frames;
    this.answerOf = answerOf;
  }

  /** The id of the task, which its first frame says. */
  async begin(): Promise<string> {
    for (;;) {
      const frames = await this.frames.read();
      if (frames === null) throw new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 });
      const [first] = frames;
      if (first !== undefined) {
        this.ahead = frames;
        const { response } = first;
        if ("task" in response) this.learn(response.task.id, response.task.contextId);
        else if ("statusUpdate" in response) this.learn(response.statusUpdate.taskId, response.statusUpdate.contextId);
        else if ("artifactUpdate" in response)
          this.learn(response.artifactUpdate.taskId, response.artifactUpdate.contextId);
        return this.taskId;
      }
      await new Promise<void>((resolve) => this.frames.wait(resolve));
    }
  }

  async read(): Promise<readonly AnswerEvent[] | null> {
    if (this.isOver) return null;
    try {
      return await this.readOn();
    } catch (error) {
      return this.end({ error: PlatformError.from(error) });
    }
  }

  wait(ring: () => void): void {
    this.frames.wait(ring);
  }

  close(): void {
    this.isOver = true;
    this.frames.close();
  }

  private async readOn(): Promise<readonly AnswerEvent[]> {
    for (;;) {
      const frames = this.ahead.length > 0 ? this.ahead : await this.frames.read();
      this.ahead = [];
      if (frames === null) throw failureOf({ id: this.taskId, status: { state: "TASK_STATE_WORKING" } }, "working");
      if (frames.length === 0) return [];
      const events: AnswerEvent[] = [];
      for (const frame of frames) {
        events.push(...(await this.tell(frame)));
        if (this.isOver) break;
      }
      if (events.length > 0) return events;
    }
  }

  private async tell({ response, takesBack }: TaskFrame): Promise<readonly AnswerEvent[]> {
    // What went out cannot be taken back.
    if (takesBack === true) return [];
    if ("artifactUpdate" in response) {
      const { artifact, append } = response.artifactUpdate;
      return this.say(artifact, append === true);
    }
    if ("statusUpdate" in response) return this.status(response.statusUpdate.status);
    if (!("task" in response)) return [];
    const { artifacts = [], status } = response.task;
    // Comes again as a whole when its log is compacted meanwhile.
    const news = artifacts.filter(({ artifactId }) => !this.told.has(artifactId));
    return [...news.flatMap((artifact) => this.say(artifact, false)), ...(await this.status(status))];
  }

  private learn(taskId: string, contextId: string | undefined): void {
    this.taskId = taskId;
    this.contextId = contextId;
  }

  private say(artifact: Artifact, append: boolean): readonly AnswerEvent[] {
    const whole = artifactText(artifact);
    const isSame = append && artifact.artifactId === this.artifactId;
    // What takes the place of something, as the output does of what was streamed, may go on from it: from all of it, or from what was begun last.
    const before = [this.said, this.current].find((said) => said.begins(whole));
    const rest = before === undefined ? whole : whole.slice(before.length);
    const text = isSame ? whole : before === undefined ? `\n\n${whole}` : rest;
    this.artifactId = artifact.artifactId;
    this.told.add(artifact.artifactId);
    if (!isSame && before === undefined) this.current = new SaidText();
    if (whole === "" || text === "") return [];
    this.current.add(isSame || before === undefined ? whole : rest);
    this.said.add(text);
    if (this.said.length > MAX_ANSWER)
      throw new PlatformError(
        "TOO_LARGE",
        `the answer has more than ${MAX_ANSWER} characters: read task ${this.taskId} by its events`,
        { details: { taskId: this.taskId, of: "answer" } },
      );
    return [{ text }];
  }

  private async status(status: A2ATask["status"]): Promise<readonly AnswerEvent[]> {
    if (status.state === "TASK_STATE_WORKING" || status.state === "TASK_STATE_SUBMITTED") return [];
    const task = { id: this.taskId, contextId: this.contextId, status };
    const answer = await this.answerOf(task);
    const question = answer.agentcore.state === "completed" ? "" : statusText(task);
    const text = this.said.length > 0 && question !== "" ? `\n\n${question}` : question;
    return [...(text === "" ? [] : [{ text }]), ...this.end({ answer })];
  }

  private end(event: AnswerEvent): readonly AnswerEvent[] {
    this.isOver = true;
    this.frames.close();
    return [event];
  }
}

/** Text that went out, by its length and a digest: it may be long, and is only compared. */
class SaidText {
  length = 0;
  private readonly digest = createHash("sha256");

  add(text: string): void {
    this.length += text.length;
    this.digest.update(text, "utf16le");
  }

  /** Whether `text` begins with all that was said. */
  begins(text: string): boolean {
    if (text.length < this.length) return false;
    const same = createHash("sha256").update(text.slice(0, this.length), "utf16le").digest();
    return same.equals(this.digest.copy().digest());
  }
}
