/** Sends spans to a collector by OTLP over HTTP, as JSON, through OpenTelemetry's SDK: loaded only where the environment names a collector. */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { Logger } from "@agentcore/core/ports";
import type { FinishedSpan } from "./model-telemetry.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Tracing {
  addSpan(span: FinishedSpan): void;
  /** Sends what waits, for at most five seconds. */
  close(): Promise<void>;
}

export interface TracingOptions {
  readonly env: Environment;
  /** Of this node. */
  readonly node: string;
  readonly version: string;
  readonly logger: Logger;
}

const PACKAGES = [
  ...["@opentelemetry/api@1.10.0", "@opentelemetry/sdk-trace@3.1.0"],
  ...["@opentelemetry/resources@3.1.0", "@opentelemetry/exporter-trace-otlp-http@0.301.0"],
];

// More spans than that wait only while the collector does not answer; the newest are dropped then.
const MAX_WAITING = 2048;
const MAX_BATCH = 512;
const EXPORT_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 5_000;

/** Undefined where no collector is named. Throws CONFIG_INVALID, and NOT_INSTALLED with what to install. */
export const openTracing = async (options: TracingOptions): Promise<Tracing | undefined> => {
  const url = collectorUrl(options.env);
  return url === undefined ? undefined : startTracing(url, await loadSdk(), options);
};

const collectorUrl = (env: Environment): string | undefined => {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || env["OTEL_TRACES_EXPORTER"] === "none") return undefined;
  const own = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const [name, text] = own ? ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own] : [SHARED, env[SHARED]];
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new PlatformError("CONFIG_INVALID", `${name}: expected an http:// or https:// address`);
  const protocol = env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] || env["OTEL_EXPORTER_OTLP_PROTOCOL"];
  if (protocol === "grpc")
    throw new PlatformError(
      "CONFIG_INVALID",
      `OTEL_EXPORTER_OTLP_PROTOCOL is grpc: spans are sent over HTTP, as JSON; set it to http/json, and ${name} to the collector's HTTP port, often 4318`,
    );
  // The shared one is what paths of all kinds of data are put behind.
  return own ? url.href : `${url.href.replace(/\/+$/, "")}/v1/traces`;
};

const SHARED = "OTEL_EXPORTER_OTLP_ENDPOINT";

const importSdk = async () => {
  const [api, trace, resources, exporter] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  return { api, trace, resources, exporter };
};
type Sdk = Awaited<ReturnType<typeof importSdk>>;

const loadSdk = async (): Promise<Sdk> => {
  try {
    return await importSdk();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const install = `npm install ${PACKAGES.join(" ")}`;
    throw new PlatformError(
      "NOT_INSTALLED",
      `${SHARED} names a collector of spans, and OpenTelemetry's packages are not installed: ${install}`,
      { cause, details: { nextStep: `Run \`${install}\`, or unset the variable.` } },
    );
  }
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** As the bus names traces that begin with a message: by its id. */
const traceIdOf = (id: string): string =>
  UUID.test(id) ? id.replaceAll("-", "") : createHash("sha256").update(id).digest("hex").slice(0, 32);

const startTracing = (
  url: string,
  { api, trace, resources, exporter }: Sdk,
  { node, version, logger }: TracingOptions,
): Tracing => {
  const sender = new exporter.OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  let isFailing = false;
  /** The SDK itself says nothing of a collector that is not there. */
  const tell = (result: { readonly code: number; readonly error?: Error }): void => {
    const failed = result.code !== 0;
    if (failed && !isFailing)
      logger.log("warn", `spans cannot be sent to ${new URL(url).host}: ${result.error?.message ?? "refused"}`);
    if (!failed && isFailing) logger.log("info", `spans can be sent to ${new URL(url).host} again`);
    isFailing = failed;
  };
  const processor = new trace.BatchSpanProcessor({
    exporter: {
      export: (spans, done) =>
        sender.export(spans, (result) => {
          tell(result);
          done(result);
        }),
      shutdown: () => sender.shutdown(),
      forceFlush: () => sender.forceFlush(),
    },
    maxQueueSize: MAX_WAITING,
    maxExportBatchSize: MAX_BATCH,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const own = { "service.name": "agentcore", "service.version": version, "service.instance.id": node };
  const random = new trace.RandomIdGenerator();
  /** Of the span that is being made. */
  let runOfSpan: string | undefined;
  const provider = new trace.TracerProvider({
    idGenerator: {
      generateTraceId: () => (runOfSpan === undefined ? random.generateTraceId() : traceIdOf(runOfSpan)),
      generateSpanId: () => random.generateSpanId(),
    },
    // What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say has the last word.
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes(own))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("agentcore", version);
  const contextOf = (traceparent: string | undefined) => {
    const [, traceId = "", spanId = "", flags = "00"] = traceparent?.split("-") ?? [];
    const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
    return api.isSpanContextValid(parent) ? api.trace.setSpanContext(api.ROOT_CONTEXT, parent) : api.ROOT_CONTEXT;
  };
  /** When a batch is refused, the provider leaves those beside it and the sender to themselves. What failed was told of before. */
  const end = async (): Promise<void> => {
    await provider.shutdown().catch(() => undefined);
    await sender.shutdown().catch(() => undefined);
  };
  return {
    addSpan({ name, kind, attributes, isError, traceparent, runId, startedAt, endedAt }) {
      runOfSpan = runId;
      const span = tracer.startSpan(
        name,
        { kind: kind === "client" ? api.SpanKind.CLIENT : api.SpanKind.INTERNAL, attributes, startTime: startedAt },
        contextOf(traceparent),
      );
      // No description: it might repeat what was asked.
      if (isError) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end(endedAt);
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          logger.log("warn", "spans that were not sent yet are lost: the collector did not take them in time");
          resolve();
        }, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([end(), late]);
      clearTimeout(timer);
    },
  };
};
