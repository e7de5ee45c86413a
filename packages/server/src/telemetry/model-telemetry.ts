import type { Clock } from "@agentcore/core/ports";
import type { ModelObserver, ObservedCall, ObservedOutcome } from "@agentcore/models";
import type { Metrics } from "../metrics.ts";
import { inputAttributes, outputAttributes } from "./message-content.ts";
import {
  beginAttributes,
  endAttributes,
  errorTypeOf,
  providerNameOf,
  type SpanAttributes,
} from "./model-attributes.ts";

/** A call that has ended. */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: "client" | "internal";
  readonly attributes: SpanAttributes;
  readonly isError: boolean;
  /** Of the span it is a child of. */
  readonly traceparent: string | undefined;
  /** Where there is no such span, those of one run are one trace. */
  readonly runId: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface ModelTelemetryOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Never throws. @default no spans */
  readonly addSpan?: ((span: FinishedSpan) => void) | undefined;
  /** Whether spans say what was asked and answered. @default false */
  readonly captureContent?: boolean | undefined;
}

// All three as the conventions want them.
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_SECONDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/**
 * Measures calls of models, and makes a span of each. Answers of the cache have a span of kind internal and are not in the metrics, which tell of
 * providers; nor are tokens that were estimated.
 */
export const createModelTelemetry = ({
  metrics,
  clock,
  addSpan,
  captureContent = false,
}: ModelTelemetryOptions): ModelObserver => {
  const duration = metrics.histogram(
    "gen_ai_client_operation_duration_seconds",
    "Calls of models at their providers.",
    SECONDS,
  );
  const tokens = metrics.histogram("gen_ai_client_token_usage", "Tokens of a call, as the provider tells.", TOKENS);
  const firstToken = metrics.histogram(
    "gen_ai_server_time_to_first_token_seconds",
    "Time until a stream began that was answered.",
    FIRST_SECONDS,
  );

  const measure = (observed: ObservedCall, outcome: ObservedOutcome, ms: number): void => {
    const { operation, provider, model, call } = observed;
    const { error, response, usage = response?.usage, firstTokenMs } = outcome;
    const errorType = errorTypeOf(error);
    const key = `${operation} ${provider}\n${model}`;
    const labels = () => ({
      gen_ai_operation_name: operation,
      gen_ai_provider_name: providerNameOf(provider),
      gen_ai_request_model: model,
    });
    const observe = (histogram: typeof tokens, more: Readonly<Record<string, string>>, value: number): void =>
      histogram.observe(
        call.tenantId,
        [key, ...Object.values(more)].join("\n"),
        () => ({ ...labels(), ...more }),
        value,
      );
    observe(duration, errorType === undefined ? {} : { error_type: errorType }, ms / 1000);
    if (firstTokenMs !== undefined && error === undefined) observe(firstToken, {}, firstTokenMs / 1000);
    if (usage === undefined || usage.estimated === true) return;
    observe(tokens, { gen_ai_token_type: "input" }, usage.inputTokens);
    if (operation === "chat") observe(tokens, { gen_ai_token_type: "output" }, usage.outputTokens);
  };

  return {
    begin(observed) {
      const { operation, model, request, call } = observed;
      const begun = { at: clock.now(), monotonic: clock.monotonic() };
      const passed = (): number => clock.monotonic() - begun.monotonic;
      return (outcome) => {
        const { response, error } = outcome;
        const durationMs = passed();
        const isKept = response?.cache !== undefined;
        if (!isKept) measure(observed, outcome, durationMs);
        addSpan?.({
          name: `${operation} ${model}`,
          kind: isKept ? "internal" : "client",
          attributes: {
            ...beginAttributes(observed),
            ...endAttributes(outcome),
            ...(captureContent && request !== undefined ? inputAttributes(request) : {}),
            ...(captureContent && response !== undefined ? outputAttributes(response) : {}),
          },
          isError: error !== undefined,
          traceparent: call.traceparent,
          runId: call.task?.runId,
          startedAt: begun.at,
          endedAt: begun.at + durationMs,
        });
      };
    },
  };
};
