/** Tools of Tool manifests: the port that the engine asks, over pooled connections to their MCP servers. Nothing of MCP is loaded before. */
import { PlatformError, RetryableError, type ToolManifest } from "@agentcore/contract";
import type { Clock, Digest, ListedTool, Logger, ToolCaller, ToolProvider } from "@agentcore/core/ports";
import { checkListedInput } from "@agentcore/core/tasks";
import type { Connection, PooledServer } from "@agentcore/mcp/client";
import type { ToolService } from "../gateway/deps.ts";
import { loadOnce } from "../load-once.ts";
import { checkTool } from "../manifests/check-tool.ts";
import { loadMcpClient } from "./load-mcp.ts";
import { toolName } from "./tool-name.ts";
import { endpointPolicy, type ToolRules } from "./tool-policy.ts";

export interface ToolServers {
  readonly provider: ToolProvider;
  readonly service: ToolService;
  /** It is not declared any more. */
  forget(tenantId: string, name: string): void;
  /** Ends programs and closes connections. */
  close(): Promise<void>;
}

type Client = Awaited<ReturnType<typeof loadMcpClient>>;

export const createToolServers = (options: {
  /** Those that are declared, by name. */
  readonly declared: {
    get(tenantId: string, name: string): Promise<ToolManifest | null>;
    list(tenantId: string): readonly ToolManifest[];
  };
  readonly rules: ToolRules;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly digest: Digest;
  readonly logger: Logger;
}): ToolServers => {
  const { declared, rules, env, version, clock, random, digest, logger } = options;
  const opened = loadOnce(async () => {
    const client = await loadMcpClient();
    return { client, pool: new client.ConnectionPool({ clock, random }) };
  });
  let isClosed = false;
  const mcp = () => {
    if (isClosed) throw new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 });
    return opened();
  };

  const readFor =
    (what: string) =>
    (variable: string): string => {
      const value = env[variable];
      if (value) return value;
      throw new PlatformError("CONFIG_INVALID", `${what} has no credential: set ${variable}`);
    };

  /** As it is declared now. Throws NOT_FOUND, INVALID_ARGUMENT where it was applied to a node that allows more. */
  const serverOf = async (client: Client, tenantId: string, name: string): Promise<PooledServer> => {
    const manifest = await declared.get(tenantId, name);
    if (manifest === null) {
      const names = declared.list(tenantId).map(({ metadata }) => metadata.name);
      throw new PlatformError("NOT_FOUND", `there is no Tool "${name}"; there are ${names.join(", ") || "none"}`);
    }
    checkTool(tenantId, manifest, rules);
    const spec = manifest.spec.mcp;
    const what = `MCP server "${name}"`;
    return {
      ...{ tenantId, name, what, revision: digest.sha256(JSON.stringify(spec)) },
      open: async (signal, onChanged) => {
        const connection = await client.openConnection(
          {
            ...{ what, spec, version, path: env["PATH"], read: readFor(what), onChanged },
            policy:
              spec.http === undefined
                ? { allowLoopback: false, allowPrivate: false, sendsSecret: true, option: "" }
                : endpointPolicy(spec.http, rules.allowPrivate),
          },
          signal,
        );
        logger.log("info", `${what}: connected`, { tenantId, ...connection.server });
        return connection;
      },
    };
  };

  const list = async (tenantId: string, name: string, signal: AbortSignal): Promise<readonly ListedTool[]> => {
    const { client, pool } = await mcp();
    const tools = await pool.tools(await serverOf(client, tenantId, name), signal);
    return tools.map(({ name: origin, description, inputJsonSchema, hints }) => ({
      ...{ name: toolName(name, origin, digest.sha256), origin, description, inputJsonSchema },
      ...(Object.keys(hints).length === 0 ? {} : { hints }),
    }));
  };

  const call = async (
    tenantId: string,
    manifest: string,
    tool: Pick<ListedTool, "origin" | "hints">,
    { input, idempotencyKey, signal }: { input: unknown; idempotencyKey: string; signal: AbortSignal },
  ): Promise<unknown> => {
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw new PlatformError("INVALID_ARGUMENT", `the input of ${tool.origin} is refused: expected an object`);
    const { client, pool } = await mcp();
    const mayRepeat = tool.hints?.readOnly === true || tool.hints?.idempotent === true;
    const server = await serverOf(client, tenantId, manifest);
    let hasBegun = false;
    const begin = (connection: Connection): Promise<unknown> => {
      hasBegun = true;
      return connection.call({
        tool: tool.origin,
        input: input as Record<string, unknown>,
        idempotencyKey,
        mayRepeat,
        signal,
      });
    };
    try {
      return await pool.use(server, signal, begin);
    } catch (error) {
      // A tool that may not act twice is tried again only where it is said that it did nothing.
      if (hasBegun || !PlatformError.is(error) || !error.retryable) throw error;
      const { code, message, retryAfterMs } = error;
      throw new RetryableError(message, {
        ...{ code, cause: error },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
  };

  return {
    provider: {
      list: ({ tenantId }: ToolCaller, manifest, signal) => list(tenantId, manifest, signal),
      call: ({ tenantId }: ToolCaller, { manifest, tool, ...given }) => call(tenantId, manifest, tool, given),
    },
    service: {
      async list(tenantId) {
        const pool = (await opened.current())?.pool;
        return declared.list(tenantId).map(({ metadata: { name }, spec }) => {
          const connection = pool?.connection({ tenantId, name }) ?? null;
          const trouble = pool?.trouble({ tenantId, name }) ?? null;
          return {
            ...{ name, description: spec.description ?? "" },
            transport: spec.mcp.stdio === undefined ? ("http" as const) : ("stdio" as const),
            state:
              connection?.isOpen === true
                ? ("connected" as const)
                : trouble === null
                  ? ("idle" as const)
                  : ("failed" as const),
            ...(connection?.isOpen === true ? { server: connection.server } : {}),
            ...(trouble === null ? {} : { reason: trouble.message }),
          };
        });
      },
      tools: list,
      async call(tenantId, manifest, tool, { input, signal }) {
        const tools = await list(tenantId, manifest, signal);
        const found = tools.find(({ name, origin }) => name === tool || origin === tool);
        if (found === undefined)
          throw new PlatformError(
            "NOT_FOUND",
            `${manifest} has no tool "${tool}"; it has ${tools.map(({ origin }) => origin).join(", ") || "none"}`,
          );
        await checkListedInput(found, input);
        return call(tenantId, manifest, found, { input, idempotencyKey: crypto.randomUUID(), signal });
      },
    },
    forget(tenantId, name) {
      void opened
        .current()
        ?.then(({ pool }) => pool.forget(tenantId, name))
        .catch(() => undefined);
    },
    async close() {
      isClosed = true;
      await opened
        .current()
        ?.then(({ pool }) => pool.close())
        .catch(() => undefined);
    },
  };
};
