/** Requests that become tasks, each once: by its key, a request that comes again brings the task that it made. */
import { type A2AMessage, formatTarget, PlatformError, submissionOf, type TaskEventOf } from "@agentcore/contract";
import type { TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { permissionsOf } from "./permissions-of.ts";
import type { TaskLogs } from "./task-logs.ts";
import type { CallerScope, SubmitRequest, Submitted } from "./task-service.ts";

export interface Submissions {
  /** Throws what TaskService.submit does. */
  submit(scope: CallerScope, request: SubmitRequest): Promise<Submitted>;
  /** The task that a caller made with that key. */
  find(scope: CallerScope, idempotencyKey: string | undefined): Promise<SubmittedTask | null>;
}

/** Nothing of what was asked, which may be large. */
export interface SubmittedTask
  extends Pick<TaskEventOf<"task.submitted">["data"], "agent" | "contextId" | "requestHash" | "forkedFrom"> {
  readonly taskId: string;
}

/** Throws CONFLICT when the key stood for something else: A2A asks that a client's context is kept or refused, never replaced. */
export const acceptedBefore = (
  { taskId, ...before }: SubmittedTask,
  { requestHash, contextId }: { readonly requestHash: string | undefined; readonly contextId: string | undefined },
): Submitted => {
  // Older tasks have no hash to compare.
  if (before.requestHash !== undefined && before.requestHash !== requestHash)
    throw new PlatformError(
      "CONFLICT",
      `the idempotency key was used for task ${taskId} of agent ${before.agent}, which was asked for something else; use a key of its own for each request`,
      { details: { taskId } },
    );
  if (contextId !== undefined && contextId !== before.contextId)
    throw new PlatformError(
      "CONFLICT",
      `the same message or key began task ${taskId} in context ${before.contextId}; send it in that context, or with an id of its own in another`,
      { details: { taskId, contextId: before.contextId } },
    );
  return { taskId, existing: true, contextId: before.contextId };
};

export const createSubmissions = (engine: TaskEngine, logs: TaskLogs): Submissions => {
  const { store, senses, router } = engine;

  const readSubmitted = (key: TaskKey): Promise<SubmittedTask> =>
    logs.inTurn(key, async () => {
      const [first] = await logs.read(key, { limit: 1 });
      const submitted = submissionOf(first);
      if (submitted === null) throw new PlatformError("INTERNAL", `task ${key.taskId} has no submission`);
      const { agent, contextId, requestHash, forkedFrom } = submitted.data;
      return { taskId: key.taskId, agent, contextId, requestHash, forkedFrom };
    });

  const find = async (
    { tenantId, caller }: CallerScope,
    idempotencyKey: string | undefined,
  ): Promise<SubmittedTask | null> => {
    if (idempotencyKey === undefined) return null;
    const taskId = await store.findByIdempotencyKey({ tenantId, caller, idempotencyKey });
    return taskId === null ? null : readSubmitted({ tenantId, taskId });
  };

  /** Over what was asked, before anything is filled in: a repeat brings just that. A message is known by its id. */
  const hashOf = (request: SubmitRequest): string | undefined => {
    const { idempotencyKey, target, skill, contextId, message, input, priority = "normal", breakpoints = [] } = request;
    if (idempotencyKey === undefined || message !== undefined) return undefined;
    const asked = [
      formatTarget(target),
      skill,
      contextId,
      input,
      ...(priority === "normal" ? [] : [priority]),
      ...(breakpoints.length === 0 ? [] : [breakpoints]),
    ];
    return senses.digest.sha256(JSON.stringify(asked));
  };

  const submit = async (scope: CallerScope, request: SubmitRequest): Promise<Submitted> => {
    // Urgent work passes everybody else's: not for whoever asks (design: Fairness).
    if (request.priority === "urgent" && scope.operator !== true)
      throw new PlatformError("PERMISSION_DENIED", "priority: urgent needs the operator role; use high", {
        violations: [{ field: "priority", description: "expected low, normal or high" }],
      });
    const { breakpoints = [] } = request;
    if (breakpoints.length > 0 && scope.operator !== true)
      throw new PlatformError("PERMISSION_DENIED", "breakpoints: holding a task before calls needs the operator role", {
        violations: [{ field: "breakpoints", description: "expected none" }],
      });
    const statedContext = request.contextId ?? request.message?.contextId;
    const contextId = statedContext ?? senses.ids.next();
    const input =
      request.input === undefined && request.message !== undefined ? inputOf(request.message) : request.input;
    const requestHash = hashOf(request);
    const repeated = { requestHash, contextId: statedContext };
    const before = async (): Promise<Submitted | null> => {
      const known = await find(scope, request.idempotencyKey);
      return known === null ? null : acceptedBefore(known, repeated);
    };
    // Looked up before routing, which may choose somebody else today. A named agent is chosen again anyhow, and the
    // key is then found by the write itself, or, when the agent has gone or changed its input, after the refusal.
    const isNamed = "agent" in request.target;
    const known = isNamed ? null : await before();
    if (known !== null) return known;
    const { tenantId, caller, passes } = scope;
    const permissions = passes === undefined ? scope.permissions : [...(scope.permissions ?? []), ...passes];
    const { target, skill, priority, deadline, traceparent, signal } = request;
    const draft = {
      ...{ tenantId, caller, permissions, source: "gateway", target, payload: input },
      ...{ skill, priority, deadline, traceparent, contextId },
      ...("need" in target ? { signal } : {}),
    };
    try {
      const birth = await router.command(draft, (choice) =>
        engine.admission.create(choice, {
          ...request,
          tenantId,
          caller,
          contextId,
          input,
          requestHash,
          permissions: permissionsOf(scope),
        }),
      );
      if (!birth.existing) return { ...birth, contextId };
      return acceptedBefore(await readSubmitted({ tenantId, taskId: birth.taskId }), repeated);
    } catch (error) {
      const accepted = isNamed ? await before() : null;
      if (accepted !== null) return accepted;
      throw error;
    }
  };

  return { submit, find };
};

/** What `run` gets from a message that states no input of its own: its data, else its text. */
const inputOf = (message: A2AMessage): unknown => {
  const texts: string[] = [];
  for (const { data, text } of message.parts) {
    if (data !== undefined) return data;
    if (text !== undefined) texts.push(text);
  }
  return texts.length === message.parts.length ? texts.join("\n") : { parts: message.parts };
};
