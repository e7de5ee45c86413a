/** `ctx.model`: a step that asks a model. What it cost is written with its answer, in one unit; a budget may have it ask people first. */
import { Artifact, PlatformError, parseInput } from "@agentcore/contract";
import type { ModelRequest, ModelResponse, StepContext } from "@agentcore/contract/authoring";
import type { ModelCall, ModelProvider } from "../ports/index.ts";
import { ArtifactStream, artifactOf, type NamedArtifact } from "./artifact-stream.ts";
import type { AskedGrants } from "./asked-grants.ts";
import { ConversationHash } from "./conversation-hash.ts";
import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";
import { startStep } from "./steps.ts";
import { OUTPUT_ARTIFACT_ID } from "./view.ts";

// Whoever reads a stream of pieces has nothing but its name to show.
const StreamedArtifact = Artifact.required({ name: true });

// Of one task, at once: those of a plan's steps go on side by side.
const MAX_CONVERSATIONS = 8;

type NamedRequest = ModelRequest & { readonly model: string };

export class ModelCalls {
  private readonly execution: Execution;
  private readonly grants: AskedGrants;
  /** By the keys of their calls, the newest last. */
  private readonly conversations = new Map<string, ConversationHash>();
  /** The artifact that was checked last. */
  private named: { readonly id: string | undefined; readonly name: string } | null = null;

  constructor(execution: Execution, grants: AskedGrants) {
    this.execution = execution;
    this.grants = grants;
  }

  async ask(request: ModelRequest): Promise<ModelResponse> {
    const { definition, head } = this.execution;
    const model = request.model ?? definition.model;
    if (model === undefined)
      throw new PlatformError(
        "MODEL_NOT_CONFIGURED",
        `agent ${head.agent}: ctx.model() needs a model; set \`model\` in the request or on the agent`,
      );
    // Before anything is paid for: what the contract refuses would make the whole log unreadable.
    if (request.artifact !== undefined) this.assertNamed(request.artifact);
    return this.grants.untilGranted(() => this.askOnce({ ...request, model }));
  }

  /** Once for all turns that speak to one artifact. Throws INVALID_ARGUMENT. */
  private assertNamed({ id, name }: NamedArtifact): void {
    if (this.named !== null && this.named.id === id && this.named.name === name) return;
    parseInput(
      StreamedArtifact,
      artifactOf({ name, ...(id === undefined ? {} : { id }) }, ""),
      `ctx.model: artifact "${String(name)}"`,
    );
    this.named = { id, name };
  }

  private askOnce(request: NamedRequest): Promise<ModelResponse> {
    const { messages, tools, output, toolChoice, retry, timeoutMs, key, model } = request;
    const more = output === undefined && toolChoice === undefined ? [] : [{ output, toolChoice }];
    return this.execution.call<ModelResponse>({
      kind: "model",
      name: model,
      key,
      inputHash: this.conversationOf(key).of(messages, [tools?.map((tool) => tool.name), ...more]),
      start: (call, recorded) =>
        startStep(this.execution, call, recorded, {
          run: (step) => this.callModel(call, request, step),
          input: undefined,
          retry,
          timeoutMs,
          what: `the answer of model "${model}"`,
        }),
    });
  }

  private conversationOf(key = ""): ConversationHash {
    const conversation = this.conversations.get(key) ?? new ConversationHash(this.execution.services.senses.digest);
    this.conversations.delete(key);
    this.conversations.set(key, conversation);
    for (const oldest of this.conversations.keys()) {
      if (this.conversations.size <= MAX_CONVERSATIONS) break;
      this.conversations.delete(oldest);
    }
    return conversation;
  }

  /** What guardrails are to judge as the task's output is not shown before they have. */
  private isJudgedFirst({ name, id = name }: NamedArtifact): boolean {
    const { guardrails = [] } = this.execution.definition;
    return id === OUTPUT_ARTIFACT_ID && guardrails.some(({ output }) => output !== undefined);
  }

  private async callModel(call: OpenCall, request: NamedRequest, step: StepContext): Promise<ModelResponse> {
    const { execution } = this;
    const { services, head } = execution;
    const models = modelsOf(services.models, request.model);
    const { artifact } = request;
    const stream =
      artifact === undefined || this.isJudgedFirst(artifact)
        ? null
        : new ArtifactStream(execution, call, artifact, step.attempt);
    try {
      const { response, decision, settlement } = await models.generate(request, {
        ...modelCallOf(execution, step),
        ...(stream === null ? {} : { onText: (text, begin) => stream.add(text, begin) }),
      });
      if (settlement !== undefined) {
        // Canceled meanwhile, or another holds the task: nothing more is written by it, and the money is spent all the same.
        if (execution.isOpen(call)) execution.settle(settlement);
        else services.settle(head.tenantId, settlement);
      }
      if (decision !== undefined && execution.isOpen(call))
        execution.append({
          type: "decision.made",
          at: services.senses.clock.now(),
          data: {
            ...{ path: call.path, kind: "model", choice: decision.choice },
            scores: [...(decision.scores ?? [])],
            reasons: [...(decision.reasons ?? [])],
          },
        });
      stream?.end(response.text);
      return response;
    } finally {
      stream?.stop();
    }
  }
}

const modelsOf = (models: ModelProvider | null, name: string): ModelProvider => {
  if (models !== null) return models;
  throw new PlatformError("MODEL_NOT_CONFIGURED", `no model provider is set up for "${name}"`);
};

/** Who asks, as the models are told. */
const modelCallOf = (execution: Execution, { idempotencyKey, signal }: StepContext): ModelCall => {
  const { head, definition, runId, journal } = execution;
  const { traceparent } = journal.submitted;
  return {
    tenantId: head.tenantId,
    id: idempotencyKey,
    agent: head.agent,
    labels: definition.labels,
    caller: head.caller,
    task: { id: head.taskId, runId },
    priority: head.priority,
    ...(traceparent === undefined ? {} : { traceparent }),
    signal,
  };
};
