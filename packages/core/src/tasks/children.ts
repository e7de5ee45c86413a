/** Commands of a task: a child is created in the same unit as its parent's record of it, and runs here if there is room. */
import type { Priority, TaskEvent } from "@agentcore/contract";
import type { NewTask } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { Execution } from "./execution.ts";
import type { ExecutionHead } from "./execution-head.ts";
import type { ChildRequest } from "./execution-services.ts";
import { contentOf, refuseLoop } from "./handoffs.ts";
import { Journal } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { agentKey } from "./residents.ts";
import { deadlineOf, decisionEvent, submittedEvent } from "./submission.ts";
import type { RoutedDraft, RoutingChoice } from "./task-router.ts";
import { validateInput } from "./validate-input.ts";

/** What every message of a task says about where it comes from. */
export const draftFor = ({ head, journal }: Execution): Omit<RoutedDraft, "target" | "payload"> => ({
  tenantId: head.tenantId,
  caller: head.caller,
  source: `agent:${head.agent}`,
  priority: head.priority,
  contextId: head.contextId,
  taskId: head.taskId,
  ...(journal.submitted.traceparent === undefined ? {} : { traceparent: journal.submitted.traceparent }),
});

/** Rejects with the bus's error, or with AGENT_NOT_FOUND or INVALID_ARGUMENT of the agent chosen. */
export const commandChild = (
  engine: TaskEngine,
  execution: Execution,
  call: OpenCall,
  request: ChildRequest,
): Promise<void> => {
  const { target, payload, skill, exclude, deadline, signal } = request;
  const draft = {
    ...draftFor(execution),
    ...{ target, payload, skill, exclude, signal, priority: priorityOf(execution, request) },
    ...(deadline === null ? {} : { deadline }),
  };
  return engine.router.command(draft, (choice) => addChild(engine, execution, call, request, choice));
};

const addChild = async (
  engine: TaskEngine,
  execution: Execution,
  call: OpenCall,
  request: ChildRequest,
  choice: RoutingChoice,
): Promise<void> => {
  const { tenantId } = execution.head;
  const loaded = await engine.load(tenantId, choice);
  const input = await validateInput(loaded.definition, request.payload);
  // Also when its signal has withdrawn it.
  if (execution.open.get(call.path) !== call || call.receive === null || execution.phase !== "live") return;
  // A child made now would be an orphan of it.
  if (execution.isAboutToHearOfCancel && !call.detached) return;
  const handoffs = execution.handoffs;
  refuseLoop(execution, call, { agent: choice.agent, content: contentOf(engine.senses.digest, request.skill, input) });
  const now = engine.senses.clock.now();
  const parent = { taskId: execution.head.taskId, path: call.firstPath };
  const head: ExecutionHead = {
    tenantId,
    taskId: childTaskId(engine, execution, call, request.attempt),
    agent: choice.agent,
    revision: choice.revision,
    contextId: execution.head.contextId,
    caller: execution.head.caller,
    priority: priorityOf(execution, request),
    deadline: deadlineOf(request.deadline, loaded.definition.timeoutMs, now),
    parent,
    createdAt: now,
  };
  const work = {
    skill: request.skill,
    traceparent: execution.journal.submitted.traceparent,
    hops: execution.journal.submitted.hops,
    handoffs,
    runId: execution.runId,
    // Never more than those of the task above it.
    permissions: execution.journal.submitted.permissions,
    parent: { ...parent, ...(call.detached ? { detached: true } : {}) },
  };
  const submitted = submittedEvent(head, input, work, now);
  // An ancestor of the same agent has the context already, and waits for this child.
  const exclusive =
    loaded.definition.concurrency === "context" && !handoffs.some(({ agent }) => agent === choice.agent);
  const runsUnclaimed = !exclusive && !engine.limits.isLimited(head, loaded);
  const runsHere = runsUnclaimed && engine.residents.admits(tenantId, choice.agent, loaded.concurrency);
  const child: NewTask = {
    ...head,
    dueAt: now,
    events: [submitted],
    exclusive,
    ...(runsHere ? { claimed: { state: "submitted" } } : {}),
  };
  const launch = runsHere
    ? new Execution({
        head,
        loaded,
        journal: new Journal([{ ...submitted, seq: 1 } as TaskEvent]),
        state: "submitted",
        seq: 1,
        token: 1,
        checkpointSeq: 0,
        born: true,
        services: engine.services,
      })
    : null;
  // Counted from now, so that a burst of commands does not overrun the agent's slots.
  if (launch === null) engine.residents.queue(agentKey(tenantId, choice.agent));
  else engine.residents.add(launch);
  call.childTaskId = head.taskId;
  call.durable = true;
  call.tried.push(choice.agent);
  execution.addChild(child, launch);
  execution.append(decisionEvent(choice, call.path, now));
  execution.append({
    type: "step.started",
    at: now,
    data: {
      path: call.path,
      kind: "command",
      ...(call.inputHash === undefined ? {} : { inputHash: call.inputHash }),
      attempt: request.attempt,
      childTaskId: head.taskId,
    },
  });
};

/** What a task waits for is never less urgent than itself, unless its code says so. */
const priorityOf = ({ head }: Execution, { priority = head.priority }: ChildRequest): Priority => priority;

/** The same for the same call, so that a command sent again after a crash finds the child it made before. */
const childTaskId = (engine: TaskEngine, execution: Execution, call: OpenCall, attempt: number): string => {
  const { tenantId, taskId } = execution.head;
  return engine.senses.digest
    .sha256(JSON.stringify([tenantId, taskId, execution.checkpointSeq, call.firstPath, attempt]))
    .slice(0, 32);
};
