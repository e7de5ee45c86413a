/** One connection to one server: opened, asked for its tools, called, closed. */
import { type McpServerSpec, PlatformError } from "@agentcore/contract";
import type { OutboundPolicy } from "@agentcore/outbound";
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  Client,
  InsufficientScopeError,
  isInputRequiredResult,
  SdkHttpError,
  type Tool,
  type Transport,
} from "@modelcontextprotocol/client";
import type { ConsentTerms } from "./consent/consent-flow.ts";
import type { ConsentKeeper } from "./consent/consent-keeper.ts";
import { consentedRequests } from "./consent/consented-requests.ts";
import { WantsConsent } from "./consent/wants-consent.ts";
import { openEndpoint, type ReadVariable } from "./endpoint-transport.ts";
import { type FailedCall, mcpFailure } from "./mcp-failure.ts";
import { ProgramTransport } from "./program-transport.ts";
import { askedBy, type ServerAnswers } from "./tool-question.ts";
import { readToolResult } from "./tool-result.ts";

/** A tool as the server lists it. */
export interface ServerTool {
  readonly name: string;
  readonly description: string;
  readonly inputJsonSchema: Readonly<Record<string, unknown>>;
  readonly hints: { readonly readOnly?: boolean; readonly destructive?: boolean; readonly idempotent?: boolean };
}

export interface ServerCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Handed on in `_meta`, for servers that can drop repeats. */
  readonly idempotencyKey: string;
  /** Whether it does no harm twice. */
  readonly mayRepeat: boolean;
  readonly answers?: ServerAnswers | undefined;
  readonly signal: AbortSignal;
}

export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
  readonly protocol: string;
}

export interface Connection {
  readonly server: ServerIdentity;
  /** False once the server has gone, or it was closed. */
  readonly isOpen: boolean;
  /** Throws UPSTREAM_FAILED, UNAUTHENTICATED. */
  list(signal: AbortSignal): Promise<readonly ServerTool[]>;
  /** JSON. Throws UPSTREAM_FAILED, OUTCOME_UNKNOWN (it was sent, and nothing came), INPUT_REQUIRED (`details.question`: ServerQuestion), INVALID_ARGUMENT, UNAUTHENTICATED; what `signal` aborts with. */
  call(call: ServerCall): Promise<unknown>;
  /** Ends its process, too. Never rejects. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** In words, for errors. */
  readonly what: string;
  readonly spec: McpServerSpec;
  readonly version: string;
  readonly policy: OutboundPolicy;
  /** PATH of programs, as the node's own. */
  readonly path: string | undefined;
  readonly read: ReadVariable;
  /** Of whom it works for; absent where the server asks for none. */
  readonly consent?: { readonly terms: ConsentTerms; readonly keeper: ConsentKeeper } | undefined;
  /** The server says that its tools are others now, or has gone. */
  readonly onChanged: () => void;
}

/** Of `_meta` of a call: the same on every try of it, also after a crash. */
export const IDEMPOTENCY_META = "agentcore.dev/idempotency-key";

export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_RESULT_BYTES = 1024 * 1024;
// Of one server. A model that is shown more than a few dozen chooses badly already.
const MAX_TOOLS = 500;
const MAX_PAGES = 50;
const MAX_LIST_BYTES = 4 * 1024 * 1024;
// From then on a server hands its questions over with where it stands, and no connection is held: said with each call, so that an older one does not take it for an offer.
const ASKS_SINCE = "2026-07-28";
const ASKS_PEOPLE = { [CLIENT_CAPABILITIES_META_KEY]: { elicitation: { form: {} } } };
// How long an older server may leave the question of a newer protocol unanswered.
const PROBE_MS = 5_000;

/** Throws UPSTREAM_FAILED, retryable; UNAUTHENTICATED (as WantsConsent, where a person's consent would help), CONFIG_INVALID. */
export const openConnection = async (options: ConnectionOptions, signal: AbortSignal): Promise<Connection> => {
  try {
    return await connect(options, "auto", signal);
  } catch (error) {
    // Some servers end at the first word that they do not know.
    if (options.spec.stdio === undefined || signal.aborted || !isPassing(error)) throw error;
    return connect(options, "legacy", signal);
  }
};

const isPassing = (error: unknown): boolean => PlatformError.is(error) && error.code === "UPSTREAM_FAILED";

const connect = async (
  { what, spec, version, policy, path, read, consent, onChanged }: ConnectionOptions,
  mode: "auto" | "legacy",
  signal: AbortSignal,
): Promise<Connection> => {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxResultBytes = DEFAULT_RESULT_BYTES } = spec;
  const { transport, program, release } = openTransport(spec, policy, path, read, consent);
  // No capabilities: a server that would have the client ask a model, or show its folders, is told that it cannot. Nor can an older one ask a person, whose answer a
  // connection would be held for; see ASKS_PEOPLE.
  const client = new Client(
    { name: "agentcore", title: "AgentCore", version },
    {
      capabilities: {},
      versionNegotiation: { mode, probe: { timeoutMs: Math.min(PROBE_MS, timeoutMs) } },
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => onChanged() } },
      listMaxPages: MAX_PAGES,
      inputRequired: { autoFulfill: false },
      // Its results go to whoever asked; that they fit what it announced is its own affair, and its patterns may hold the thread for years.
      jsonSchemaValidator: {
        getValidator: () => (value) => ({ valid: true, data: value as never, errorMessage: undefined }),
      },
    },
  );
  let isOpen = true;
  const gone = (): void => {
    if (!isOpen) return;
    isOpen = false;
    release();
    onChanged();
  };
  client.onclose = gone;
  const failed = (error: unknown, mayRepeat: boolean): PlatformError => {
    const said = isOpen ? undefined : program?.stderr.trim();
    const call: FailedCall = { what, mayRepeat, inSession: transport.sessionId !== undefined, said };
    if (signal.aborted && error === signal.reason) return PlatformError.from(error);
    return (consent === undefined ? null : moreWanted(what, error)) ?? mcpFailure(error, call);
  };
  const close = async (): Promise<void> => {
    await client.close().catch(() => undefined);
    await transport.close?.().catch(() => undefined);
    gone();
  };
  try {
    await client.connect(transport, { timeout: timeoutMs, signal });
  } catch (error) {
    const failure = failed(error, true);
    await close();
    throw failure;
  }
  const asking = async <T>(
    work: (options: { timeout: number; signal: AbortSignal }) => Promise<T>,
    mayRepeat: boolean,
    asked: AbortSignal,
  ) => {
    try {
      return await work({ timeout: timeoutMs, signal: asked });
    } catch (error) {
      // What made it stop says more than that it was stopped.
      asked.throwIfAborted();
      throw failed(error, mayRepeat);
    }
  };
  const identity = client.getServerVersion();
  /** Of tools that say what they give: the SDK takes a question of theirs for a result that is none, unless it is told that they say nothing. */
  let unchecked = new Map<string, Tool>();
  return {
    server: {
      name: identity?.name ?? "",
      version: identity?.version ?? "",
      protocol: client.getNegotiatedProtocolVersion() ?? "",
    },
    get isOpen() {
      return isOpen;
    },
    async list(asked) {
      const { tools } = await asking(
        (given) => client.listTools(undefined, { ...given, cacheMode: "refresh" }),
        true,
        asked,
      );
      unchecked = new Map(
        tools.flatMap(({ outputSchema, ...tool }) => (outputSchema === undefined ? [] : [[tool.name, tool]])),
      );
      return readTools(what, tools, spec.tools);
    },
    async call({ tool, input, idempotencyKey, mayRepeat, answers, signal: asked }) {
      const isModern = (client.getNegotiatedProtocolVersion() ?? "") >= ASKS_SINCE;
      const params = {
        ...{ name: tool, arguments: { ...input } },
        _meta: { [IDEMPOTENCY_META]: idempotencyKey, ...(isModern ? ASKS_PEOPLE : {}) },
        ...(answers === undefined
          ? {}
          : {
              inputResponses: answers.replies,
              ...(answers.state === undefined ? {} : { requestState: answers.state }),
            }),
      };
      const toolDefinition = unchecked.get(tool);
      const result: unknown = await asking(
        (given) =>
          client.callTool(params, {
            ...{ ...given, allowInputRequired: true },
            ...(toolDefinition === undefined ? {} : { toolDefinition }),
          }),
        mayRepeat,
        asked,
      );
      if (isInputRequiredResult(result)) return askedBy(what, tool, result);
      return readToolResult(tool, result as CallToolResult, maxResultBytes);
    },
    close,
  };
};

const openTransport = (
  { stdio, http }: McpServerSpec,
  policy: OutboundPolicy,
  path: string | undefined,
  read: ReadVariable,
  consent: ConnectionOptions["consent"],
): { readonly transport: Transport; readonly program?: ProgramTransport; release(): void } => {
  if (stdio !== undefined) {
    const named = Object.entries(stdio.env ?? {}).map(
      ([name, value]) => [name, typeof value === "string" ? value : read(value.env)] as const,
    );
    const program = new ProgramTransport({
      ...{ command: stdio.command, args: stdio.args ?? [], cwd: stdio.cwd },
      env: { ...(path === undefined ? {} : { PATH: path }), ...Object.fromEntries(named) },
    });
    return { transport: program, program, release: () => undefined };
  }
  if (http === undefined) throw new TypeError("neither stdio nor http");
  const { transport, close } = openEndpoint(
    http,
    policy,
    read,
    consent === undefined ? undefined : consentedRequests(consent.terms, consent.keeper),
  );
  return { transport, release: close };
};

/** What a person has consented to does not suffice for the call, or a token that was just renewed is not taken. */
const moreWanted = (what: string, thrown: unknown): WantsConsent | null => {
  for (let each = thrown; each instanceof Error; each = each.cause) {
    if (each instanceof InsufficientScopeError)
      return new WantsConsent(
        what,
        {
          scopes: each.requiredScope?.split(" ").filter((scope) => scope !== ""),
          resourceMetadataUrl: each.resourceMetadataUrl?.href,
        },
        { cause: thrown },
      );
    if (each instanceof SdkHttpError && each.status === 401) return new WantsConsent(what, {}, { cause: thrown });
  }
  return null;
};

const readTools = (
  what: string,
  tools: readonly Tool[],
  allowed: readonly string[] | undefined,
): readonly ServerTool[] => {
  const missing = (allowed ?? []).filter((name) => !tools.some((tool) => tool.name === name));
  if (missing.length > 0)
    throw new PlatformError(
      "CONFIG_INVALID",
      `${what} has no tool ${missing.join(", ")}, which spec.mcp.tools names; it has ${
        tools
          .map(({ name }) => name)
          .join(", ")
          .slice(0, 1000) || "none"
      }`,
    );
  const kept = tools.filter(({ name }) => allowed === undefined || allowed.includes(name));
  if (kept.length > MAX_TOOLS)
    throw new PlatformError(
      "UPSTREAM_FAILED",
      `${what} has ${kept.length} tools, ${MAX_TOOLS} are taken; name those that are wanted in spec.mcp.tools`,
      { retryable: false },
    );
  const read = kept.map(({ name, title, description, inputSchema, annotations = {} }): ServerTool => {
    const { $schema: _, ...schema } = inputSchema;
    const { readOnlyHint, destructiveHint, idempotentHint } = annotations;
    return {
      ...{ name, description: description || title || annotations.title || name, inputJsonSchema: schema },
      hints: {
        ...(readOnlyHint === undefined ? {} : { readOnly: readOnlyHint }),
        ...(destructiveHint === undefined ? {} : { destructive: destructiveHint }),
        ...(idempotentHint === undefined ? {} : { idempotent: idempotentHint }),
      },
    };
  });
  const bytes = Buffer.byteLength(JSON.stringify(read));
  if (bytes > MAX_LIST_BYTES)
    throw new PlatformError(
      "UPSTREAM_FAILED",
      `${what}: its list of tools has ${bytes} bytes, ${MAX_LIST_BYTES} are taken`,
      {
        retryable: false,
      },
    );
  return read;
};
