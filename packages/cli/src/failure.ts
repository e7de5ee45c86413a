/** How an error reads: code, message, fields, next step. */
import { type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import { UsageError } from "./usage-error.ts";

const NEXT_STEPS: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: "Give the node's key with --api-key or AGENTCORE_API_KEY.",
  PERMISSION_DENIED: "Use a key that may do this, or ask the node's operator.",
  AGENT_NOT_FOUND: "List the agents with `agentcore get agents`, or apply one with `agentcore apply -f FILE`.",
  NO_CANDIDATE: "List the agents with `agentcore get agents`.",
  TASK_NOT_FOUND: "List the tasks with `agentcore get tasks`.",
  NOT_FOUND: "List what there is with `agentcore get manifests` or `agentcore get nodes`.",
  DECISION_REFUSED: "Look at what is asked of you now: `agentcore inbox`.",
  TASK_TERMINAL: "Start a new task with `agentcore run AGENT`.",
  TASK_NOT_CANCELABLE: "Read its output with `agentcore describe task TASK_ID`.",
  TASK_NOT_RETRIABLE: "Read its state with `agentcore describe task TASK_ID`.",
  OVERLOADED: "Try again in a moment.",
  UNAVAILABLE: "Start a node with `agentcore up`, or give the address of another with --url.",
  MODEL_NOT_CONFIGURED: "Apply a Model manifest and set the variable that holds its key.",
  DATA_LOCKED: "Stop the other node, or give this one its own folder with --data.",
  NON_DETERMINISTIC:
    "Compare both sides with `agentcore describe task TASK_ID`, then put the code right and `agentcore retry TASK_ID`.",
  PAYLOAD_UNREADABLE:
    "Start the node with the key that the message names, or restore the blob, then `agentcore retry TASK_ID`.",
  INTERNAL: "This is a defect of AgentCore: run it again with --verbose and report what it prints.",
};

/** A PlatformError that says what to do about it. @default nextStep what is advised for the code */
export const failure = (code: ErrorCode, message: string, nextStep?: string, cause?: unknown): PlatformError =>
  new PlatformError(code, message, { cause, ...(nextStep === undefined ? {} : { details: { nextStep } }) });

export const nextStepOf = (error: PlatformError): string | undefined => {
  const own = error.details?.["nextStep"];
  if (typeof own === "string") return own;
  if (isOfCertificate(error))
    return "Give the authority that signed the server's certificate with --ca or AGENTCORE_CA, and the server by a name that stands in it.";
  // A node has said so: it is there.
  const isAnswer = error.code === "UNAVAILABLE" && error.cause === undefined;
  return NEXT_STEPS[isAnswer ? "OVERLOADED" : error.code];
};

/** OpenSSL's and Node's codes for a certificate that is not believed. */
const CERTIFICATE_CODES = /^(UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_)/;

const isOfCertificate = (error: Error): boolean => {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && typeof cause.code === "string" && CERTIFICATE_CODES.test(cause.code)) return true;
  return false;
};

/** Lines for stderr: what went wrong, in which fields, and what to do about it. */
export const describeFailure = (thrown: unknown, verbose: boolean): readonly string[] => {
  if (thrown instanceof UsageError) return describeUsage(thrown);
  const error = PlatformError.from(thrown);
  const nextStep = nextStepOf(error);
  return [
    `error ${error.code}: ${error.message}`,
    ...untold(error).map((violation) => `  ${violation}`),
    ...(nextStep === undefined ? [] : [`  next: ${nextStep}`]),
    ...(verbose ? stackLines(error) : []),
  ];
};

/** The fields that the message does not name already. */
const untold = ({ message, violations = [] }: PlatformError): readonly string[] =>
  violations
    .filter(({ description }) => violations.length > 1 || !message.includes(description))
    .map(({ field, description }) => (field === "" ? description : `${field}: ${description}`))
    .filter((violation) => !message.includes(violation));

/** @default help what the error advises itself */
export const describeUsage = (error: UsageError, help?: string): readonly string[] => {
  const nextStep = error.nextStep ?? help;
  return [`error USAGE: ${error.message}`, ...(nextStep === undefined ? [] : [`  next: ${nextStep}`])];
};

const stackLines = (error: Error): readonly string[] => {
  const own = (error.stack ?? "").split("\n");
  return error.cause instanceof Error ? [...own, "caused by:", ...stackLines(error.cause)] : own;
};
