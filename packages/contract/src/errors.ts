/**
 * The one table of error codes (docs/errors.md is held against it by a test) and the one base class.
 * Transports map codes to their own numbers in their own tables.
 */
interface ErrorCodeEntry {
  /** HTTP status a front door answers with. */
  readonly status: number;
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  readonly meaning: string;
}

export const ERROR_CODES = {
  INVALID_ARGUMENT: {
    status: 400,
    retryable: false,
    meaning: "A value in the request is missing, unknown or of the wrong type; `violations` names each field.",
  },
  PARSE_ERROR: { status: 400, retryable: false, meaning: "The body is not valid JSON or YAML." },
  INVALID_REQUEST: {
    status: 400,
    retryable: false,
    meaning: "The body is valid JSON but not a request of the protocol.",
  },
  METHOD_NOT_FOUND: { status: 404, retryable: false, meaning: "The protocol has no such method or path." },
  UNAUTHENTICATED: { status: 401, retryable: false, meaning: "No valid credential came with the request." },
  PERMISSION_DENIED: { status: 403, retryable: false, meaning: "The caller is known but may not do this." },
  NOT_FOUND: { status: 404, retryable: false, meaning: "There is no such resource, or it belongs to someone else." },
  TASK_NOT_FOUND: { status: 404, retryable: false, meaning: "There is no such task, or it belongs to someone else." },
  AGENT_NOT_FOUND: { status: 404, retryable: false, meaning: "No agent of that name is applied." },
  NO_CANDIDATE: {
    status: 404,
    retryable: false,
    meaning: "No agent matches the target; the message says what was looked for and what is there.",
  },
  LOOP_DETECTED: {
    status: 409,
    retryable: false,
    meaning:
      "Work goes round: an agent is asked the same again, a model calls the same again, or a chain of commands is too deep; `details.failureMode` says how.",
  },
  TARGET_UNSUPPORTED: {
    status: 400,
    retryable: false,
    meaning: "This node cannot resolve that kind of target, or the primitive cannot address it.",
  },
  CONFLICT: {
    status: 409,
    retryable: false,
    meaning: "The resource changed meanwhile, or the same id was used with other content.",
  },
  TASK_TERMINAL: {
    status: 409,
    retryable: false,
    meaning: "The task has ended; a terminal task never changes. Start a new one in the same context.",
  },
  TASK_NOT_CANCELABLE: {
    status: 400,
    retryable: false,
    meaning: "The task has already completed, failed or been rejected.",
  },
  TASK_NOT_RETRIABLE: { status: 409, retryable: false, meaning: "Only a parked task can be retried." },
  PUSH_NOTIFICATION_NOT_SUPPORTED: {
    status: 400,
    retryable: false,
    meaning: "This agent declares no push notifications.",
  },
  UNSUPPORTED_OPERATION: {
    status: 400,
    retryable: false,
    meaning: "The agent or the task's state does not allow this operation.",
  },
  CONTENT_TYPE_NOT_SUPPORTED: {
    status: 400,
    retryable: false,
    meaning: "A message part has a media type the agent does not accept.",
  },
  INVALID_AGENT_RESPONSE: {
    status: 500,
    retryable: false,
    meaning: "The agent answered with something its declared output does not allow.",
  },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { status: 400, retryable: false, meaning: "The agent has no extended card." },
  EXTENSION_SUPPORT_REQUIRED: {
    status: 400,
    retryable: false,
    meaning: "The agent requires an extension that the client did not list.",
  },
  VERSION_NOT_SUPPORTED: {
    status: 400,
    retryable: false,
    meaning: "The interface does not speak that protocol version.",
  },
  INPUT_REQUIRED: {
    status: 409,
    retryable: false,
    meaning: "A tool goes on only when a person has answered; `details.question` says what it asks.",
  },
  TOO_LARGE: { status: 413, retryable: false, meaning: "A body, payload or result is over its documented limit." },
  OVERLOADED: {
    status: 429,
    retryable: true,
    meaning: "Admission refused the work before accepting it; nothing was stored. Retry after the stated time.",
  },
  CIRCUIT_OPEN: {
    status: 503,
    retryable: true,
    meaning: "The agent failed repeatedly and is not asked until its breaker lets a probe through.",
  },
  BULKHEAD_FULL: {
    status: 503,
    retryable: true,
    meaning: "The agent works on as many calls as it may, and its queue is full.",
  },
  UNAVAILABLE: {
    status: 503,
    retryable: true,
    meaning: "The node or the agent cannot take work now, for example while it drains.",
  },
  STORE_UNAVAILABLE: { status: 503, retryable: true, meaning: "The store did not confirm the write or read." },
  UPSTREAM_FAILED: {
    status: 502,
    retryable: true,
    meaning: "A service that the work depends on failed or did not answer.",
  },
  DEADLINE_EXCEEDED: { status: 504, retryable: false, meaning: "The work did not finish before its deadline." },
  DECISION_EXPIRED: { status: 409, retryable: false, meaning: "Nobody decided in time; the question is gone." },
  DECISION_DIVIDED: {
    status: 409,
    retryable: false,
    meaning: "All who may decide have chosen, and too few of them the same.",
  },
  DECISION_REFUSED: {
    status: 409,
    retryable: false,
    meaning: "An answer to a decision does not count; `details.reason` and the message say why.",
  },
  CANCELED: { status: 409, retryable: false, meaning: "The work was canceled." },
  REJECTED: {
    status: 409,
    retryable: false,
    meaning: "The agent decided not to do the task; the message says why.",
  },
  LEASE_LOST: {
    status: 409,
    retryable: true,
    meaning: "Another holder has the task now; nothing of this attempt was written.",
  },
  NON_DETERMINISTIC: {
    status: 500,
    retryable: false,
    meaning:
      "The code asked for something else than the log recorded; both sides are in the details. The task is parked.",
  },
  REPLAY_DIFFERS: {
    status: 409,
    retryable: false,
    meaning: "What a fork was to take over of a log does not fit what was changed; both sides are in the details.",
  },
  STEP_KEY_COLLISION: {
    status: 500,
    retryable: false,
    meaning: "Two calls under way have the same path; give one a `key`.",
  },
  OUTSIDE_AWAIT: {
    status: 500,
    retryable: false,
    meaning: "The code waits for something that did not come through `ctx`, so it cannot be continued after a crash.",
  },
  RESULT_NOT_SERIALISABLE: {
    status: 500,
    retryable: false,
    meaning:
      "A result cannot be stored: it is no JSON, and the message names the place in it, or it holds a credential.",
  },
  OUTPUT_MISMATCH: {
    status: 500,
    retryable: false,
    meaning: "The agent returned a value that its output schema refuses.",
  },
  OUTPUT_REFUSED: {
    status: 500,
    retryable: false,
    meaning: "A guardrail of the agent refused its output; the message says which, and why.",
  },
  OUTCOME_UNKNOWN: {
    status: 500,
    retryable: false,
    meaning:
      "A tool that is not idempotent was begun and cut off: it may or may not have acted. Look before it is called again.",
  },
  LIMIT_REACHED: {
    status: 409,
    retryable: false,
    meaning: "A tool was called as often, or for as much money, as it may be in one task.",
  },
  EXPRESSION_FAILED: {
    status: 500,
    retryable: false,
    meaning:
      "An expression or template of a workflow could not be evaluated over the data of a run; the message names it.",
  },
  AGENT_FAILED: {
    status: 500,
    retryable: false,
    meaning: "The agent's code threw an error without a code of its own.",
  },
  WORKFLOW_FAILED: {
    status: 500,
    retryable: false,
    meaning:
      "A workflow failed by its own graph: a fail node, turns that were used up, too few branches, a condition that is none.",
  },
  ATTEMPTS_EXHAUSTED: {
    status: 500,
    retryable: false,
    meaning: "The task lost its process five times without a new event. It is parked.",
  },
  HISTORY_LIMIT: {
    status: 500,
    retryable: false,
    meaning: "The task's log is full; use `ctx.continueAs(state)`. The task is parked.",
  },
  PAYLOAD_UNREADABLE: {
    status: 500,
    retryable: false,
    meaning:
      "Something stored cannot be read: its key or its blob is missing, or it was changed; the message says which. A task it belongs to is parked.",
  },
  REVISION_UNAVAILABLE: {
    status: 503,
    retryable: true,
    meaning:
      "The task is pinned to a revision that this node cannot load. It is parked; on a shared database one of the declared revision waits for a node that loads it instead.",
  },
  QUERY_HAS_EFFECT: { status: 500, retryable: false, meaning: "A query handler tried to change something." },
  BUDGET_EXCEEDED: {
    status: 402,
    retryable: false,
    meaning: "A budget has too little left for the most that the call of a model or a tool may cost.",
  },
  MODEL_NOT_CONFIGURED: {
    status: 400,
    retryable: false,
    meaning: "No model endpoint or key is configured for that model.",
  },
  RECORDING_MISSING: {
    status: 500,
    retryable: false,
    meaning:
      "Model calls are replayed, and this one was not recorded; the message shows in what it differs from the nearest that was.",
  },
  NOT_INSTALLED: {
    status: 500,
    retryable: false,
    meaning: "A package that this configuration needs is not installed; the message says which.",
  },
  SANDBOX_UNAVAILABLE: {
    status: 500,
    retryable: false,
    meaning:
      "This machine cannot hold apart what is to run, or not within its limits; the message says what is missing.",
  },
  CONFIG_INVALID: {
    status: 500,
    retryable: false,
    meaning: "A setting has a value that cannot be used; the message names it.",
  },
  DATA_LOCKED: { status: 503, retryable: true, meaning: "Another process holds the data folder." },
  INTERNAL: {
    status: 500,
    retryable: false,
    meaning: "A defect of the platform; the log has the cause under the same id.",
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One refused field: where, what was expected, what came. */
export interface FieldViolation {
  /** Path in the input, `message.parts[0].text` style; empty for the whole. */
  readonly field: string;
  readonly description: string;
}

/** The JSON form of an error, in logs, on the bus and in API answers. Never holds a stack. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Overrides the table's `retryable` when the thrower knows better. */
  readonly retryable?: boolean | undefined;
  /** Milliseconds to wait before a retry. */
  readonly retryAfterMs?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly violations?: readonly FieldViolation[] | undefined;
}

export interface PlatformErrorOptions {
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly violations?: readonly FieldViolation[] | undefined;
  readonly retryable?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

// A brand instead of instanceof: two copies of this package in one process must recognise each other's errors.
const BRAND = Symbol.for("agentcore.PlatformError");

export class PlatformError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly violations: readonly FieldViolation[] | undefined;
  readonly retryAfterMs: number | undefined;
  private readonly retryableOverride: boolean | undefined;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options: PlatformErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PlatformError";
    this.code = code;
    this.details = options.details;
    this.violations = options.violations;
    this.retryAfterMs = options.retryAfterMs;
    this.retryableOverride = options.retryable;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retryable(): boolean {
    return this.retryableOverride ?? ERROR_CODES[this.code].retryable;
  }

  toJSON(): SerializedError {
    return {
      code: this.code,
      message: this.message,
      ...(this.retryableOverride === undefined ? {} : { retryable: this.retryableOverride }),
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.violations === undefined ? {} : { violations: this.violations }),
    };
  }

  /** Rebuilds an error from its JSON form; an unknown code, for example of a newer version, becomes INTERNAL. */
  static fromJSON(json: SerializedError): PlatformError {
    const code: ErrorCode = json.code in ERROR_CODES ? json.code : "INTERNAL";
    if (code === "CANCELED") return new CancelledError(json.message, json);
    return new PlatformError(code, json.message, json);
  }

  static is(value: unknown): value is PlatformError {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** Any thrown value as a PlatformError; foreign errors become `fallback` with the original as cause. */
  static from(value: unknown, fallback: ErrorCode = "INTERNAL"): PlatformError {
    if (PlatformError.is(value)) return value;
    return new PlatformError(fallback, value instanceof Error ? value.message : String(value), { cause: value });
  }
}

/** Says: do not retry, whatever the policy. Throw it from a step whose failure is final. */
export class TerminalError extends PlatformError {
  constructor(message: string, options: PlatformErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? "AGENT_FAILED", message, { ...options, retryable: false });
    this.name = "TerminalError";
  }
}

const RETRY_ASKED = Symbol.for("agentcore.RetryableError");

/** Says: try again, after `retryAfterMs` if given. */
export class RetryableError extends PlatformError {
  readonly [RETRY_ASKED] = true;

  constructor(message: string, options: PlatformErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? "UPSTREAM_FAILED", message, { ...options, retryable: true });
    this.name = "RetryableError";
  }

  static override is(value: unknown): value is RetryableError {
    return PlatformError.is(value) && RETRY_ASKED in value;
  }
}

const REJECTION = Symbol.for("agentcore.RejectedError");

/**
 * Says: this agent will not do the task, for a reason that is no fault. Thrown by `run` it ends the task as `rejected`. The
 * rejection of another agent's task comes as a plain PlatformError with this code, so that it never passes for one's own.
 */
export class RejectedError extends PlatformError {
  readonly [REJECTION] = true;

  constructor(reason: string, options: PlatformErrorOptions = {}) {
    super("REJECTED", reason, options);
    this.name = "RejectedError";
  }

  static override is(value: unknown): value is RejectedError {
    return PlatformError.is(value) && REJECTION in value;
  }
}

/** What pending `ctx` calls reject with once a cancel reached the task. */
export class CancelledError extends PlatformError {
  constructor(message = "the task was canceled", options: PlatformErrorOptions = {}) {
    super("CANCELED", message, options);
    this.name = "CancelledError";
  }
}
