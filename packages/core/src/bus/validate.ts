import {
  type FieldViolation,
  invalidArgument,
  PlatformError,
  PRIORITIES,
  SCHEMA_VERSION,
  type Target,
} from "@agentcore/contract";
import type { Interceptor } from "./bus-call.ts";
import type { Envelope } from "./delivered.ts";
import type { TargetBook } from "./target-book.ts";

const MAJOR = SCHEMA_VERSION.split(".")[0] ?? "1";

/**
 * The envelope by hand, for callers of this process: the same rules as contract's `Message`, without an allocation when
 * they hold. Messages of other processes went through `Message` itself. The payload is checked at delivery, by the host.
 */
export const validate = (targets: TargetBook): Interceptor => ({
  name: "validate",
  intercept(call, next) {
    const { message } = call;
    if (!envelopeHolds(message)) throw invalidArgument("message", violationsOf(message));
    if (message.schemaVersion !== SCHEMA_VERSION && message.schemaVersion.split(".")[0] !== MAJOR) {
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `message ${message.id} has schema version ${message.schemaVersion}; this node speaks ${SCHEMA_VERSION}`,
      );
    }
    const target = targets.parse(message.target);
    const refusal = refusalOf(message, target);
    if (refusal !== undefined)
      throw new PlatformError(
        "TARGET_UNSUPPORTED",
        `${message.target} is no target of ${refusal.what}; ${refusal.next}`,
        {
          violations: [{ field: "target", description: refusal.expected }],
        },
      );
    call.target = target;
    return next(call);
  },
});

interface Refusal {
  readonly what: string;
  readonly expected: string;
  readonly next: string;
}

/** What a message of that type cannot be sent to. Whatever is advised here, no later stage refuses for its kind. */
const refusalOf = ({ type }: Envelope, target: Target): Refusal | undefined => {
  if (type === "event")
    return "topic" in target
      ? undefined
      : { what: "an event", expected: "expected topic:…", next: "emit it to topic:…, or send a command or a query" };
  if ("topic" in target)
    return type === "command"
      ? {
          what: "a command",
          expected: COMMAND_TARGETS,
          next: "name who does it, with agent:… or capability:…, or emit an event",
        }
      : {
          what: `a ${type}`,
          expected: "expected agent:…, capability:…, need:… or labels:…",
          next: "name who answers, with agent:…, capability:… or labels:…, or emit an event",
        };
  if (type === "command" && "labels" in target)
    return {
      what: "a command, which becomes the task of one agent",
      expected: COMMAND_TARGETS,
      next: "send one command each, to agent:… or capability:…, or ask them all with a query",
    };
  return undefined;
};

const COMMAND_TARGETS = "expected agent:…, capability:… or need:…";

const isText = (value: unknown, max: number): boolean =>
  typeof value === "string" && value !== "" && value.length <= max;
const isOptionalText = (value: unknown, max: number): boolean =>
  value === undefined || (typeof value === "string" && value.length <= max);
const isTime = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const RULES: readonly (readonly [keyof Envelope, (message: Envelope) => boolean, string])[] = [
  ["id", (m) => isText(m.id, 256), "expected 1 to 256 characters"],
  ["source", (m) => isText(m.source, 256), "expected 1 to 256 characters"],
  ["tenantId", (m) => isText(m.tenantId, 63), "expected 1 to 63 characters"],
  ["timestamp", (m) => isTime(m.timestamp), "expected milliseconds since 1970"],
  ["priority", (m) => PRIORITIES.includes(m.priority), `expected one of ${PRIORITIES.join(", ")}`],
  ["schemaVersion", (m) => isText(m.schemaVersion, 16), "expected a version such as 1.0"],
  ["correlationId", (m) => isOptionalText(m.correlationId, 256), "expected at most 256 characters"],
  ["traceparent", (m) => isOptionalText(m.traceparent, 128), "expected at most 128 characters"],
  ["idempotencyKey", (m) => isOptionalText(m.idempotencyKey, 256), "expected at most 256 characters"],
  ["taskId", (m) => isOptionalText(m.taskId, 256), "expected at most 256 characters"],
  ["deadline", (m) => m.deadline === undefined || isTime(m.deadline), "expected milliseconds since 1970"],
  ["auth", (m) => m.auth === undefined || typeof m.auth.caller === "string", "expected { caller }"],
];

const envelopeHolds = (message: Envelope): boolean => {
  for (const rule of RULES) if (!rule[1](message)) return false;
  return true;
};

const violationsOf = (message: Envelope): FieldViolation[] =>
  RULES.filter(([, holds]) => !holds(message)).map(([field, , description]) => ({ field: String(field), description }));
