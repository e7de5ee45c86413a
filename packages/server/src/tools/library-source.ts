/** A library that is open: its tools for one manifest of one tenant, held to what was set for them. */
import { PlatformError, RetryableError, type ToolLibrarySpec } from "@agentcore/contract";
import { describeTool, executeTool } from "@agentcore/core/tasks";
import { createNamedFetch, createNamedWebSocket, type NamedOrigin } from "@agentcore/outbound";
import type { Reach, Tool, ToolSurroundings } from "@agentcore/sdk";
import type { ReadLibrary } from "./read-library.ts";
import { type SourceTool, type ToolSource, untilAborted } from "./source-pool.ts";
import { PRIVATE } from "./tool-policy.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_RESULT_BYTES = 1024 * 1024;
// As of an MCP server.
const MAX_TOOLS = 500;
const MAX_LIST_BYTES = 4 * 1024 * 1024;
// For calls under way to heed that all is over, and as much again for what the library has to put away.
const CLOSE_MS = 5_000;

export interface LibraryOpening {
  /** In words, for errors. */
  readonly what: string;
  readonly tenantId: string;
  readonly spec: ToolLibrarySpec;
  readonly allowPrivate: boolean;
  readonly readVariable: (variable: string) => string;
  readonly embed: ToolSurroundings["embed"];
  readonly onReleaseFailed: (error: unknown) => void;
}

/** Throws what the library does; CONFIG_INVALID for tools that could not work, or that `spec.tools` names and there are not. */
export const openLibrary = async (
  { library, options, reaches }: ReadLibrary,
  { what, tenantId, spec, allowPrivate, readVariable, embed, onReleaseFailed }: LibraryOpening,
  signal: AbortSignal,
): Promise<ToolSource> => {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxResultBytes = DEFAULT_RESULT_BYTES } = spec;
  const closing = new AbortController();
  const origins = { named: namedOrigins(reaches), allowPrivate, option: PRIVATE };
  const outbound = createNamedFetch(origins);
  const openSocket = createNamedWebSocket(origins);
  const releases: (() => void | Promise<void>)[] = [() => outbound.close()];
  const underWay = new Set<Promise<unknown>>();
  let isOpen = true;
  const surroundings: ToolSurroundings = {
    tenantId,
    secret(variable) {
      if (reaches.some(({ kind, value }) => kind === "secret" && value === variable)) return readVariable(variable);
      throw new PlatformError("CONFIG_INVALID", `${what}: its options name no secret ${variable}`);
    },
    fetch: outbound,
    webSocket: (address, call = {}) =>
      openSocket(address, {
        ...call,
        signal: call.signal === undefined ? closing.signal : AbortSignal.any([call.signal, closing.signal]),
      }),
    embed,
    signal: closing.signal,
    onClose: (release) => void releases.push(release),
  };
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    closing.abort(new PlatformError("UNAVAILABLE", `${what} was closed`, { retryAfterMs: 1000 }));
    await within(CLOSE_MS, Promise.allSettled(underWay));
    // The last first, as what was opened later may need what was there before.
    const released = Promise.allSettled(releases.toReversed().map(async (release) => release()));
    for (const outcome of (await within(CLOSE_MS, released)) ?? [])
      if (outcome.status === "rejected") onReleaseFailed(outcome.reason);
  };
  const limited = (given: AbortSignal): AbortSignal =>
    AbortSignal.any([given, closing.signal, AbortSignal.timeout(timeoutMs)]);
  let tools: ReadonlyMap<string, Tool>;
  let listed: readonly SourceTool[];
  try {
    const opening = limited(signal);
    const opened = await untilAborted(Promise.resolve(library.open(options, surroundings)), opening).catch(
      (error: unknown) => {
        throw late(error, opening, `${what} was not open after ${timeoutMs} ms`);
      },
    );
    tools = toolsByName(what, opened, spec.tools);
    listed = [...tools.values()].map((tool) => toListed(tool, timeoutMs));
    const bytes = Buffer.byteLength(JSON.stringify(listed));
    if (bytes > MAX_LIST_BYTES)
      throw new PlatformError("CONFIG_INVALID", `${what}: its list has ${bytes} bytes, ${MAX_LIST_BYTES} are taken`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get isOpen() {
      return isOpen;
    },
    list: () => Promise.resolve(listed),
    async call({ tool: name, input, idempotencyKey, mayRepeat, signal: given }) {
      const tool = tools.get(name);
      // One that a run saw before the manifest was another.
      if (tool === undefined)
        throw new PlatformError("UPSTREAM_FAILED", `${what} has no tool "${name}"`, { retryable: false });
      if (!isOpen) throw new RetryableError(`${what} was closed`, { code: "UNAVAILABLE", retryAfterMs: 1000 });
      const calling = limited(given);
      calling.throwIfAborted();
      const work = executeTool(tool, input, { signal: calling, idempotencyKey });
      underWay.add(work);
      void work.catch(() => undefined).finally(() => underWay.delete(work));
      const result = await untilAborted(work, calling).catch((error: unknown) => {
        if (!mayRepeat && error === closing.signal.reason) throw outcomeUnknown(name, PlatformError.from(error));
        throw late(error, calling, `tool ${name} was not done after ${timeoutMs} ms`);
      });
      return bounded(name, result, maxResultBytes);
    },
    close,
  };
};

/** Of what was begun, and may not be done twice, as it is closed. */
const outcomeUnknown = (tool: string, cause: PlatformError): PlatformError =>
  new PlatformError(
    "OUTCOME_UNKNOWN",
    `tool ${tool} was begun, and ${cause.message}: it may or may not have acted; look before it is called again`,
    { cause },
  );

/** What a timer aborts with is told in the platform's words. */
const late = (error: unknown, signal: AbortSignal, message: string): unknown =>
  error === signal.reason && error instanceof DOMException && error.name === "TimeoutError"
    ? // As a time limit of the engine: what does no harm twice is tried again.
      new PlatformError("DEADLINE_EXCEEDED", message, { cause: error, retryable: true })
    : error;

const toolsByName = (
  what: string,
  opened: readonly Tool[],
  allowed: readonly string[] | undefined,
): ReadonlyMap<string, Tool> => {
  const invalid = (message: string) => new PlatformError("CONFIG_INVALID", `${what}: ${message}`);
  const tools = new Map(opened.map((tool) => [tool.name, tool]));
  if (tools.size < opened.length) throw invalid("two of its tools have one name");
  const missing = (allowed ?? []).filter((name) => !tools.has(name));
  if (missing.length > 0)
    throw invalid(
      `it has no tool ${missing.join(", ")}, which spec.library.tools names; it has ${[...tools.keys()].join(", ") || "none"}`,
    );
  for (const name of tools.keys()) if (allowed?.includes(name) === false) tools.delete(name);
  if (tools.size > MAX_TOOLS)
    throw invalid(`it has ${tools.size} tools, ${MAX_TOOLS} are taken; name those that are wanted`);
  for (const { name, inputJsonSchema } of tools.values())
    if (inputJsonSchema["type"] !== "object")
      throw invalid(`tool ${name}: expected an object as input, since models call tools with named arguments`);
  return tools;
};

const toListed = (tool: Tool, timeoutMs: number): SourceTool => {
  const { terms, ...described } = describeTool(tool);
  return {
    name: tool.name,
    ...described,
    terms: { ...terms, timeoutMs: Math.min(timeoutMs, tool.timeoutMs ?? timeoutMs) },
  };
};

/** Throws UPSTREAM_FAILED. What cannot be written as JSON is left to whoever writes it. */
const bounded = (tool: string, result: unknown, maxBytes: number): unknown => {
  let bytes = 0;
  try {
    bytes = Buffer.byteLength(JSON.stringify(result) ?? "");
  } catch {
    return result;
  }
  if (bytes <= maxBytes) return result;
  throw new PlatformError(
    "UPSTREAM_FAILED",
    `the result of ${tool} has ${bytes} bytes, ${maxBytes} are allowed (maxResultBytes); ask for less`,
    { retryable: false },
  );
};

const namedOrigins = (reaches: readonly Reach[]): readonly NamedOrigin[] =>
  reaches
    .filter(({ kind }) => kind === "address")
    .map(({ value, withSecret = false }) => ({ origin: new URL(value).origin, sendsSecret: withSecret }));

const within = <T>(ms: number, work: Promise<T>): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
};
