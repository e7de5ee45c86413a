/** What agents tell of themselves, by durable events: whoever subscribes keeps it, and nobody has to. */
import type { ErrorCode } from "@agentcore/contract/errors";

/** Its payload is a `LogReport`. */
export const LOG_TOPIC = "log.written";
/** Its payload is an `ErrorReport`. */
export const ERROR_TOPIC = "error.raised";
/** Its payload is a `MeasureReport`. */
export const MEASURE_TOPIC = "metric.measured";

/** The task that tells it; the agent is the event's source. */
export interface ReportingTask {
  readonly id: string;
  readonly contextId: string;
  readonly caller: string;
  /** Of the trace that the task belongs to: the same of all tasks above and below it. */
  readonly traceId?: string;
  /** Agents whose tasks stand above it, the first asked first. */
  readonly above?: readonly string[];
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface LogReport {
  readonly task: ReportingTask;
  /** Oldest first. */
  readonly entries: readonly LogEntry[];
  /** Entries before these that were too many. */
  readonly dropped?: number;
}

export interface ReportedError {
  readonly at: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** What was being done, in words of the code. */
  readonly doing?: string;
  /** It ended the task. */
  readonly fatal: boolean;
  /** What it comes of, the nearest first. */
  readonly causes: readonly { readonly code?: ErrorCode; readonly message: string }[];
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ErrorReport {
  readonly task: ReportingTask;
  readonly errors: readonly ReportedError[];
  readonly dropped?: number;
}

export interface Measure {
  readonly at: number;
  readonly name: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface MeasureReport {
  readonly task: ReportingTask;
  readonly measures: readonly Measure[];
  readonly dropped?: number;
}
