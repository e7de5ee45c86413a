/** The first events of a task: what was asked, and how its agent was chosen. */
import type { A2AMessage, Handoff, NewTaskEvent, Priority } from "@agentcore/contract";
import type { Permissions } from "../governance/index.ts";
import type { ExecutionHead } from "./execution-head.ts";
import type { RoutingChoice } from "./task-router.ts";

/** Work that enters from outside, after routing. */
export interface NewWork {
  readonly tenantId: string;
  readonly caller: string;
  readonly contextId: string;
  readonly input: unknown;
  readonly taskId?: string | undefined;
  readonly skill?: string | undefined;
  readonly message?: A2AMessage | undefined;
  readonly priority?: Priority | undefined;
  readonly deadline?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly requestHash?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly hops?: number | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly breakpoints?: readonly string[] | undefined;
  /** Of whoever it works for. */
  readonly permissions?: Permissions;
}

export const submittedEvent = (
  head: ExecutionHead,
  input: unknown,
  work: Pick<NewWork, "skill" | "message" | "traceparent" | "hops" | "metadata" | "requestHash" | "permissions"> & {
    readonly handoffs?: readonly Handoff[];
    readonly runId?: string;
    readonly parent?: { taskId: string; path: string; detached?: boolean };
  },
  at: number,
): Extract<NewTaskEvent, { type: "task.submitted" }> => ({
  type: "task.submitted",
  at,
  data: {
    agent: head.agent,
    revision: head.revision,
    contextId: head.contextId,
    caller: head.caller,
    input,
    priority: head.priority,
    ...(work.skill === undefined ? {} : { skill: work.skill }),
    ...(work.message === undefined ? {} : { message: work.message }),
    ...(work.requestHash === undefined ? {} : { requestHash: work.requestHash }),
    ...(work.handoffs === undefined ? {} : { handoffs: [...work.handoffs] }),
    ...(work.runId === undefined ? {} : { runId: work.runId }),
    ...(work.parent === undefined ? {} : { parent: work.parent }),
    ...(head.deadline === null ? {} : { deadline: head.deadline }),
    ...(work.traceparent === undefined ? {} : { traceparent: work.traceparent }),
    ...(work.hops === undefined ? {} : { hops: work.hops }),
    ...(work.metadata === undefined ? {} : { metadata: work.metadata }),
    ...submittedPermissions(work.permissions),
  },
});

export const submittedPermissions = (permissions: Permissions): { readonly permissions?: "all" | string[] } =>
  permissions === undefined ? {} : { permissions: permissions === "all" ? permissions : [...permissions] };

export const breakpointsEvent = (breakpoints: readonly string[], by: string, at: number): NewTaskEvent => ({
  type: "breakpoints.changed",
  at,
  data: { by, breakpoints: [...breakpoints] },
});

export const decisionEvent = (choice: RoutingChoice, path: string | undefined, at: number): NewTaskEvent => ({
  type: "decision.made",
  at,
  data: {
    ...(path === undefined ? {} : { path }),
    kind: "routing",
    choice: choice.agent,
    scores: choice.scores.map((score) => ({ ...score })),
    reasons: [...choice.reasons],
  },
});

/** The sooner of what the request allows and what the agent allows itself. */
export const deadlineOf = (
  requested: number | null | undefined,
  timeoutMs: number | undefined,
  now: number,
): number | null => {
  const asked = requested == null ? null : Math.ceil(requested);
  const own = timeoutMs === undefined ? null : now + timeoutMs;
  return asked === null ? own : own === null ? asked : Math.min(asked, own);
};
