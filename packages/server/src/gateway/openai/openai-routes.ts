/** The doors in OpenAI's words, in front of models and of agents. What they take and leave out is listed in docs/models.md. */
import { PlatformError } from "@agentcore/contract";
import { sizeOf } from "@agentcore/core/payloads";
import type { Feed } from "@agentcore/core/tasks";
import type { ModelGateway } from "@agentcore/models";
import { z } from "zod";
import type { A2AOperations } from "../a2a/operations.ts";
import { type ApiRequest, type ApiRoute, apiRoute } from "../api/api-route.ts";
import type { AgentDirectory } from "../deps/agents.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { publicError } from "../http/error-headers.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { OpenStream } from "../http/open-stream.ts";
import type { PendingAnswers } from "../http/pending-answers.ts";
import { jsonResponse } from "../http/responses.ts";
import { type SseFrame, type SseSource, sseResponse } from "../http/server-sent-events.ts";
import { StreamRoom } from "../http/stream-room.ts";
import { type AgentDoorCall, createAgentDoor } from "./ask-agent.ts";
import { createModelDoor, type ModelDoorCall } from "./ask-model.ts";
import { ChatCompletionBody, chatCompletion, chatQuestion, chatWriter } from "./chat-completions.ts";
import { EmbeddingsBody, embeddingList } from "./embeddings.ts";
import { findModel, listModels } from "./listed-models.ts";
import { assertMayUseModel } from "./model-scopes.ts";
import { openAiErrorResponse, TASK_HEADER } from "./openai-errors.ts";
import { AGENT_PREFIX, type Answer, type AnswerEvent, type AnswerForm, type Question } from "./question.ts";
import { QuestionRoom } from "./question-room.ts";
import { modelResponse, ResponseBody, responseQuestion, responseWriter } from "./responses.ts";
import { TextQueue } from "./text-queue.ts";

export interface OpenAiRoutesDeps {
  readonly models: ModelGateway | undefined;
  readonly agents: AgentDirectory;
  readonly tasks: Pick<GatewayDeps["tasks"], "head">;
  readonly operations: A2AOperations;
  /** Models being asked; those of agents are A2A's. */
  readonly calls: OpenCalls;
  readonly answers: PendingAnswers;
  readonly heartbeatMs: number;
  readonly clock: GatewayDeps["clock"];
  readonly onError: GatewayDeps["onError"];
}

// In characters: twice what the body of one question may have, and within the heap together with what they are made of.
const MAX_QUESTIONS = 128 * 1024 * 1024;
const MAX_QUESTIONS_PER_CALLER = 32 * 1024 * 1024;

type Writer = (event: AnswerEvent) => readonly SseFrame[];

/** One request in one of the forms. */
interface Asked {
  readonly call: ApiRequest;
  readonly question: Question;
  readonly stream: boolean;
  readonly whole: (answer: Answer, form: AnswerForm) => object;
  readonly writer: (form: AnswerForm) => Writer;
}

export const createOpenAiRoutes = (deps: OpenAiRoutesDeps): readonly ApiRoute[] => {
  const { models, agents, calls, answers, heartbeatMs, clock, onError } = deps;
  const modelDoor = createModelDoor(models);
  const agentDoor = createAgentDoor(deps.operations, deps.tasks);
  const questions = new QuestionRoom({ max: MAX_QUESTIONS, maxPerCaller: MAX_QUESTIONS_PER_CALLER });
  const form = (): AnswerForm => ({ id: crypto.randomUUID().replaceAll("-", ""), now: Math.floor(clock.now() / 1000) });

  /** As errors of answers are: of a defect an id only. */
  const shown =
    (write: Writer): Writer =>
    (event) =>
      write("error" in event ? { error: publicError(event.error, onError) } : event);

  const askModel = async ({ call, question, stream, whole, writer }: Asked): Promise<Response> => {
    const { scope, request } = call;
    assertMayUseModel(scope, question.request.model);
    if (question.task.taskId !== undefined || question.task.contextId !== undefined)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        "agentcore: a task or a context is an agent's, and a model has none",
        {
          violations: [{ field: "agentcore", description: "expected nothing" }],
        },
      );
    answers.assertRoom(scope);
    const release = questions.hold(scope, sizeOf(call.body));
    try {
      const open = calls.begin(scope, request);
      if (!stream) {
        try {
          const answer = await modelDoor.ask(question, { scope, signal: open.signal, ...traced(request) });
          return jsonResponse(whole(answer, form()));
        } finally {
          open.end();
          release();
        }
      }
      const aborted = new AbortController();
      const room = new StreamRoom(answers, scope);
      const queue = new TextQueue(room, () => aborted.abort());
      const opened = new OpenStream(queue, open, room);
      const asking: ModelDoorCall = { scope, signal: aborted.signal, ...traced(request) };
      void modelDoor
        .ask(question, asking, (text) => queue.add(text))
        .then(
          (answer) => queue.end({ answer }),
          (error: unknown) => queue.end({ error: PlatformError.from(error) }),
        )
        .finally(release);
      return await streamed(opened, writer(form()), queue);
    } catch (error) {
      release();
      throw error;
    }
  };

  const askAgent = async ({ call, question, stream, whole, writer }: Asked): Promise<Response> => {
    const { scope, request } = call;
    const name = question.request.model.slice(AGENT_PREFIX.length);
    const agent = agents.get(scope.tenantId, name);
    if (agent === null)
      throw new PlatformError("AGENT_NOT_FOUND", `there is no agent "${name}"`, {
        violations: [{ field: "model", description: "expected the name of an agent behind agent/" }],
      });
    refuseSettings(question);
    const asking: AgentDoorCall = {
      ...{ scope, agent, client: request, lastEventId: null, priority: question.priority },
      ...traced(request),
      idempotencyKey: idempotencyKeyOf(request.headers),
    };
    if (!stream) {
      const answer = await agentDoor.ask(question, asking);
      const { taskId } = answer.agentcore;
      return jsonResponse(whole(answer, form()), 200, taskId === undefined ? undefined : { [TASK_HEADER]: taskId });
    }
    const source = await agentDoor.stream(question, asking);
    return sseResponse(framesOf(source, shown(writer(form()))), asIs, {
      heartbeatMs,
      headers: { [TASK_HEADER]: source.taskId },
    });
  };

  /** What fails before the first text is an ordinary error answer, unless it takes so long that the connection must be kept. */
  const streamed = async (opened: OpenStream<AnswerEvent>, write: Writer, queue: TextQueue): Promise<Response> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, heartbeatMs);
    });
    await Promise.race([queue.first, late]);
    clearTimeout(timer);
    if (queue.failure !== null) {
      const { failure } = queue;
      opened.release();
      throw failure;
    }
    return sseResponse(framesOf(opened, shown(write)), asIs, { heartbeatMs });
  };

  const ask = (asked: Asked): Promise<Response> =>
    asked.question.request.model.startsWith(AGENT_PREFIX) ? askAgent(asked) : askModel(asked);

  const refuse = (_request: Request, error: PlatformError): Response => openAiErrorResponse(error);
  const answered = { status: 200, contentTypes: ["application/json", "text/event-stream"] };

  return [
    apiRoute({
      method: "POST",
      path: "/v1/chat/completions",
      operationId: "createChatCompletion",
      summary: "Ask a model, or an agent as agent/NAME, in the words of OpenAI's API; with `stream` as it comes",
      tag: "doors",
      body: ChatCompletionBody,
      answer: { ...answered, schema: JsonObject, description: "A chat completion, or its chunks" },
      refuse,
      handle: (call) =>
        ask({
          call,
          question: chatQuestion(call.body),
          stream: call.body.stream === true,
          whole: chatCompletion,
          writer: (one) => chatWriter(call.body, one),
        }),
    }),
    apiRoute({
      method: "POST",
      path: "/v1/responses",
      operationId: "createResponse",
      summary: "The same as a response, which is not kept: the conversation comes as input",
      tag: "doors",
      body: ResponseBody,
      answer: { ...answered, schema: JsonObject, description: "A response, or its events" },
      refuse,
      handle: (call) =>
        ask({
          call,
          question: responseQuestion(call.body),
          stream: call.body.stream === true,
          whole: (answer, one) => modelResponse(call.body, answer, one),
          writer: (one) => responseWriter(call.body, one),
        }),
    }),
    apiRoute({
      method: "POST",
      path: "/v1/embeddings",
      operationId: "createEmbeddings",
      summary: "Vectors of texts",
      tag: "doors",
      body: EmbeddingsBody,
      answer: { status: 200, schema: JsonObject, description: "A vector for each text, in their order" },
      refuse,
      async handle({ request, scope, body }) {
        if (body.model.startsWith(AGENT_PREFIX))
          throw new PlatformError("UNSUPPORTED_OPERATION", "agents make no vectors: name a model", {
            violations: [{ field: "model", description: "expected a model" }],
          });
        assertMayUseModel(scope, body.model);
        const release = questions.hold(scope, sizeOf(body));
        try {
          const open = calls.begin(scope, request);
          try {
            const asking: ModelDoorCall = { scope, signal: open.signal, ...traced(request) };
            return jsonResponse(embeddingList(body, await modelDoor.embed(body.model, body.input, asking)));
          } finally {
            open.end();
          }
        } finally {
          release();
        }
      },
    }),
    apiRoute({
      method: "GET",
      path: "/v1/models",
      operationId: "listDoorModels",
      summary: "What the caller may name at the doors: models, and agents as agent/NAME",
      tag: "doors",
      answer: { status: 200, schema: JsonObject, description: "A list as OpenAI's API has it" },
      refuse,
      handle: async ({ scope }) => jsonResponse({ object: "list", data: await listModels(deps, scope) }),
    }),
    // A name has a slash, which some clients write as %2F and some do not.
    ...["/v1/models/{id}", "/v1/models/{provider}/{id}"].map((path, index) =>
      apiRoute({
        method: "GET",
        path,
        operationId: index === 0 ? "getDoorModel" : "getDoorModelOfProvider",
        summary: "One of them",
        tag: "doors",
        answer: { status: 200, schema: JsonObject, description: "The model" },
        refuse,
        async handle({ scope, path: { provider, id = "" } }) {
          const name = provider === undefined ? id : `${provider}/${id}`;
          const found = await findModel(deps, scope, name);
          if (found === null) throw new PlatformError("MODEL_NOT_CONFIGURED", `there is no model "${name}"`);
          return jsonResponse(found);
        },
      }),
    ),
  ];
};

const JsonObject = z.record(z.string(), z.unknown());

const asIs = (frame: SseFrame): SseFrame => frame;

/** An agent has tools, a form of output and bounds of its own. What merely colours an answer is ignored. */
const refuseSettings = ({ request }: Question): void => {
  const refused = (["tools", "output"] as const).find((member) => request[member] !== undefined);
  if (refused === undefined) return;
  const field = refused === "tools" ? "tools" : "response_format";
  throw new PlatformError("INVALID_ARGUMENT", `${field}: an agent has its own, and none can be named for it`, {
    violations: [{ field, description: "expected nothing, for an agent" }],
  });
};

const traced = ({ headers }: Request): { readonly traceparent?: string } => {
  const traceparent = headers.get("traceparent");
  return traceparent !== null && traceparent.length <= 128 ? { traceparent } : {};
};

const idempotencyKeyOf = (headers: Headers): string | undefined => {
  const key = headers.get("idempotency-key");
  if (key === null || key === "") return undefined;
  // With the form of the input it has to fit into the id of a message.
  if (key.length <= 200) return key;
  throw new PlatformError("INVALID_ARGUMENT", "header Idempotency-Key: expected at most 200 characters");
};

/** Every event becomes frames; between two of them nothing is read. */
const framesOf = (source: SseSource<AnswerEvent>, write: Writer): SseSource<SseFrame> => {
  const { feed } = source;
  const frames: Feed<SseFrame> = {
    async read() {
      const events = await feed.read();
      return events === null ? null : events.flatMap(write);
    },
    wait: (ring) => feed.wait(ring),
    close: () => feed.close(),
  };
  return {
    feed: frames,
    release: () => source.release(),
    leaveSignal: () => source.leaveSignal?.(),
  };
};
