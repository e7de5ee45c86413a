import type { Clock } from "@agentcore/core/ports";
import type { SeenFailure } from "@agentcore/core/tasks";
import type { ModelObserver } from "@agentcore/models";
import type { Metrics } from "../metrics.ts";
import { createFailureTelemetry } from "./failure-telemetry.ts";
import { createModelTelemetry } from "./model-telemetry.ts";
import { openTracing, type TracingOptions } from "./open-tracing.ts";

export interface OpenTelemetryOptions extends TracingOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
}

const CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
/** What the variable may say, for spans; there are no events. */
const CAPTURES: Readonly<Record<string, boolean>> = {
  ...{ "": false, false: false, no_content: false, event_only: false },
  ...{ true: true, span_only: true, span_and_event: true },
};

/** As the environment says. Throws CONFIG_INVALID and NOT_INSTALLED, as `openTracing` does. */
export const openModelTelemetry = async (
  options: OpenTelemetryOptions,
): Promise<{
  readonly observer: ModelObserver;
  readonly onFailure: (seen: SeenFailure) => void;
  close(): Promise<void>;
}> => {
  const { env, logger, metrics, clock } = options;
  const captureContent = CAPTURES[(env[CAPTURE] ?? "").trim().toLowerCase()];
  if (captureContent === undefined)
    logger.log("warn", `${CAPTURE}: expected true or false; what models are asked is not sent along`);
  const tracing = await openTracing(options);
  return {
    observer: createModelTelemetry({ metrics, clock, captureContent, addSpan: tracing?.addSpan }),
    onFailure: createFailureTelemetry({ metrics, clock, addSpan: tracing?.addSpan }),
    close: () => tracing?.close() ?? Promise.resolve(),
  };
};
