/** One instance of the SDK's server: for a request of the stateless protocol, for a session of an older one. */
import { PlatformError } from "@agentcore/contract";
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  SdkError,
  SdkErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { DoorAnswer, DoorCall, DoorSeam, DoorTool } from "./seam.ts";

export interface ServerSettings {
  readonly version: string;
  readonly instructions: string;
  /** Whether the door is being closed: what ends then was canceled by nobody. */
  readonly isClosing: () => boolean;
  /** Told about defects; the answer carries an id only. */
  readonly publicError: (error: unknown) => PlatformError;
}

const PAGE_SIZE = 100;
// A task may ask more than once; one that does nothing else is cut off.
const MAX_ROUNDS = 50;
const ROUND_TIMEOUT_MS = 600_000;

export const buildServer = (era: "modern" | "legacy", settings: ServerSettings): Server => {
  const server = new Server(
    { name: "agentcore", title: "AgentCore", version: settings.version },
    {
      capabilities: { tools: { listChanged: true }, resources: {} },
      instructions: settings.instructions,
      inputRequired: { maxRounds: MAX_ROUNDS, roundTimeoutMs: ROUND_TIMEOUT_MS },
    },
  );
  const asked = async <T>(ctx: ServerContext, work: (seam: DoorSeam) => Promise<T> | T): Promise<T> => {
    try {
      return await work(seamOf(ctx));
    } catch (error) {
      throw protocolError(error instanceof ProtocolError ? error : settings.publicError(error));
    }
  };

  server.setRequestHandler("tools/list", (request, ctx) =>
    asked(ctx, (seam) => {
      const tools = seam.tools();
      const after = cursorName(request.params?.cursor);
      const rest = after === null ? tools : tools.filter(({ name }) => name > after);
      const page = rest.slice(0, PAGE_SIZE);
      const last = page.at(-1);
      return {
        tools: page.map(toolOf),
        ...(rest.length > PAGE_SIZE && last !== undefined ? { nextCursor: cursorOf(last.name) } : {}),
      };
    }),
  );
  server.setRequestHandler("tools/call", (request, ctx) =>
    asked(ctx, async (seam) => {
      const { name, arguments: input = {}, _meta: meta = {} } = request.params;
      const { signal } = ctx.mcpReq;
      const canceled = new AbortController();
      const left = (): void => {
        if (isCancel(era, signal.reason) && !settings.isClosing()) canceled.abort();
      };
      if (signal.aborted) left();
      else signal.addEventListener("abort", left, { once: true });
      try {
        const outcome = await seam.call({
          ...{ name, input, meta, canceled: canceled.signal, left: signal },
          answer: answerOf(ctx),
          canAsk: canAsk(server, ctx),
          progress: progressOf(ctx),
        });
        if ("asks" in outcome) {
          const { key, message, schema, state } = outcome.asks;
          return inputRequired({
            inputRequests: {
              [key]: inputRequired.elicit({ mode: "form", message, requestedSchema: schema as never }),
            },
            requestState: state,
          });
        }
        const { content, structured, isError, meta: told } = outcome;
        return server.projectCallToolResult(
          {
            content,
            ...(structured === undefined ? {} : { structuredContent: { ...structured } }),
            ...(isError === true ? { isError } : {}),
            ...(told === undefined ? {} : { _meta: { ...told } }),
          },
          undefined,
        );
      } finally {
        signal.removeEventListener("abort", left);
      }
    }),
  );
  // What there is, is named by results: nobody looks through all tasks for it.
  server.setRequestHandler("resources/list", () => ({ resources: [] }));
  server.setRequestHandler("resources/templates/list", (_request, ctx) =>
    asked(ctx, (seam) => ({ resourceTemplates: [...seam.templates] })),
  );
  server.setRequestHandler("resources/read", (request, ctx) =>
    asked(ctx, async (seam) => {
      try {
        return { contents: await seam.read(request.params.uri) };
      } catch (error) {
        if (PlatformError.is(error) && error.status === 404) throw new ResourceNotFoundError(request.params.uri);
        throw error;
      }
    }),
  );
  return server;
};

/** Put there by the door, for each request: a session's later ones may come with another credential of the same caller. */
const seamOf = (ctx: ServerContext): DoorSeam => {
  const seam = ctx.http?.authInfo?.extra?.["seam"];
  if (seam === undefined) throw new TypeError("a request came past the door");
  return seam as DoorSeam;
};

/**
 * To go away is to cancel, in the stateless protocol: it says so (basic/patterns/cancellation). In those before it only the notification is; what
 * ends with its session goes on.
 */
const isCancel = (era: "modern" | "legacy", reason: unknown): boolean =>
  era === "modern" || !(reason instanceof SdkError && reason.code === SdkErrorCode.ConnectionClosed);

const canAsk = (server: Server, { mcpReq: { envelope } }: ServerContext): boolean => {
  const declared =
    envelope === undefined
      ? server.getClientCapabilities()
      : (envelope as Readonly<Record<string, ClientCapabilities | undefined>>)[CLIENT_CAPABILITIES_META_KEY];
  const elicitation = declared?.elicitation;
  // Without a word on how it is by a form, as it was at first.
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
};

const answerOf = ({ mcpReq }: ServerContext): DoorCall["answer"] => {
  const state = mcpReq.requestState<string>();
  // One is asked at a time.
  const [key = ""] = Object.keys(mcpReq.inputResponses ?? {});
  const view = inputResponse(mcpReq.inputResponses, key);
  if (typeof state !== "string" || view.kind !== "elicit") return null;
  const given: DoorAnswer =
    view.action === "accept" ? { action: "accept", content: view.content ?? {} } : { action: view.action };
  return { state, given };
};

const progressOf = ({ mcpReq }: ServerContext): ((message: string) => void) => {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  let progress = 0;
  return (message) => {
    progress += 1;
    mcpReq
      .notify({ method: "notifications/progress", params: { progressToken, progress, message } })
      .catch(() => undefined);
  };
};

const toolOf = ({ name, title, description, inputSchema, hints = {} }: DoorTool) => ({
  ...{ name, description, inputSchema: { ...inputSchema, type: "object" as const } },
  ...(title === undefined ? {} : { title }),
  annotations: {
    ...(hints.readOnly === undefined ? {} : { readOnlyHint: hints.readOnly }),
    ...(hints.idempotent === undefined ? {} : { idempotentHint: hints.idempotent }),
    ...(hints.destructive === undefined ? {} : { destructiveHint: hints.destructive }),
  },
});

const cursorOf = (name: string): string => Buffer.from(name).toString("base64url");

/** Throws -32602 for one that is none of ours. */
const cursorName = (cursor: string | undefined): string | null => {
  if (cursor === undefined) return null;
  const name = Buffer.from(cursor, "base64url").toString();
  if (/^[\w.-]{1,128}$/.test(name) && cursorOf(name) === cursor) return name;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, "cursor: expected one that an earlier page gave");
};

/** The platform's own code goes along as data: the protocol's are few. */
const protocolError = (error: PlatformError | ProtocolError): ProtocolError => {
  if (error instanceof ProtocolError) return error;
  const { code, message, details, retryAfterMs } = error.toJSON();
  const data = {
    code,
    ...(details === undefined ? {} : { details }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  const isOfCall = error.status < 500 && code !== "OVERLOADED";
  return new ProtocolError(isOfCall ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, message, data);
};
