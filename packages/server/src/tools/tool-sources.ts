/** Tools of Tool manifests: the port that the engine asks, over pooled sources, which are MCP servers and libraries. */
import { PlatformError, RetryableError, type ToolManifest } from "@agentcore/contract";
import type {
  Clock,
  Digest,
  Embedder,
  Ids,
  KeyValue,
  ListedTool,
  Logger,
  ToolAnswers,
  ToolProvider,
} from "@agentcore/core/ports";
import { type CallerScope, checkListedInput, type TaskService } from "@agentcore/core/tasks";
import { ConsentNews } from "../consents/consent-news.ts";
import { ConsentRecords } from "../consents/consent-records.ts";
import { type ConsentCaller, Consents } from "../consents/consents.ts";
import type { ToolService } from "../gateway/deps/tool-service.ts";
import { loadOnce } from "../load-once.ts";
import { checkTool } from "../manifests/check-tool.ts";
import { checkVariables } from "../manifests/check-variables.ts";
import type { McpSource } from "./mcp-source.ts";
import type { LibraryManifest } from "./read-library.ts";
import { type PooledSource, SourcePool, type ToolSource } from "./source-pool.ts";
import { toolName } from "./tool-name.ts";
import type { ToolRules } from "./tool-policy.ts";

export interface ToolSources {
  readonly provider: ToolProvider;
  readonly service: ToolService;
  readonly consents: Consents;
  readonly consentRecords: ConsentRecords;
  readonly consentNews: ConsentNews;
  /** As it is declared now. Throws NOT_FOUND. */
  declared(tenantId: string, name: string): Promise<ToolManifest>;
  /** It is not declared any more. */
  forget(tenantId: string, name: string): void;
  /** Ends programs, closes connections and libraries. */
  close(): Promise<void>;
}

export const createToolSources = (options: {
  /** Those that are declared, by name. */
  readonly declared: {
    get(tenantId: string, name: string): Promise<ToolManifest | null>;
    list(tenantId: string): readonly ToolManifest[];
  };
  readonly rules: ToolRules;
  /** A model of tenants, for libraries. */
  readonly embedderOf: (model: string) => Embedder;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly digest: Digest;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly keyValue: KeyValue;
  /** Of the node, as people reach it. */
  readonly address: () => string;
  /** That wait for the consent of people. */
  readonly tasks: () => Pick<TaskService, "authorize" | "log">;
}): ToolSources => {
  const { declared, rules, embedderOf, env, version, clock, random, digest, ids, logger } = options;
  const { keyValue, address, tasks } = options;
  const pool = new SourcePool({ clock, random });
  let mcpSourceIfLoaded: McpSource | undefined;
  const loadMcpSource = loadOnce(async () => {
    mcpSourceIfLoaded ??= (await import("./mcp-source.ts")).createMcpSource();
    return mcpSourceIfLoaded;
  });

  /** Once more whose it is: what a library names, it may name wrongly. */
  const readFor =
    (tenantId: string, what: string) =>
    (variable: string): string => {
      const [refused] = checkVariables(tenantId, [["", variable]]);
      if (refused !== undefined)
        throw new PlatformError("CONFIG_INVALID", `${what}: ${variable}: ${refused.description}`);
      const value = env[variable];
      if (value) return value;
      throw new PlatformError("CONFIG_INVALID", `${what} has no credential: set ${variable}`);
    };

  const find = async (tenantId: string, name: string): Promise<ToolManifest> => {
    const manifest = await declared.get(tenantId, name);
    if (manifest !== null) return manifest;
    const names = declared.list(tenantId).map(({ metadata }) => metadata.name);
    throw new PlatformError("NOT_FOUND", `there is no Tool "${name}"; there are ${names.join(", ") || "none"}`);
  };
  const consentRecords = new ConsentRecords(keyValue, clock, digest);
  const consentNews = new ConsentNews({
    ...{ records: consentRecords, tasks, clock, logger },
    isAnswered: (tenantId, record) => consents.isAnswered(tenantId, record),
  });
  const consents = new Consents({
    ...{
      records: consentRecords,
      declared: find,
      sha256: digest.sha256,
      ids,
      now: () => clock.now(),
      address,
      readFor,
      onKept: (of) => consentNews.tell(of),
    },
  });
  const forgetting = new Set<Promise<void>>();
  const forgetConsents = (tenantId: string, name: string): void => {
    const forgotten = consentRecords
      .forget(tenantId, name)
      .catch((error: unknown) =>
        logger.log("warn", `cannot remove consents to the tools ${name}: ${PlatformError.from(error).message}`, {
          tenantId,
        }),
      )
      .finally(() => forgetting.delete(forgotten));
    forgetting.add(forgotten);
  };

  /** As it is declared now. Throws NOT_FOUND, INVALID_ARGUMENT where it was applied to a node that allows more. */
  const sourceOf = async ({ tenantId, caller }: ConsentCaller, name: string): Promise<PooledSource> => {
    const manifest = await find(tenantId, name);
    const { mcp, library } = manifest.spec;
    const revision = digest.sha256(JSON.stringify(mcp ?? library));
    if (library !== undefined) {
      const what = `tool library "${name}"`;
      return {
        ...{ tenantId, name, what, revision },
        open: (signal) => openLibraryOf({ ...manifest, spec: { ...manifest.spec, library } }, tenantId, what, signal),
      };
    }
    if (mcp === undefined) throw new TypeError("neither mcp nor library");
    await checkTool(tenantId, manifest, rules);
    const what = `MCP server "${name}"`;
    const mcpSource = await loadMcpSource();
    const consent = consents.at({ tenantId, caller }, name, mcp);
    return {
      ...{ tenantId, name, what, revision },
      ...(consent === null ? {} : { owner: caller }),
      ...mcpSource.open({
        ...{ what, spec: mcp, version, path: env["PATH"], allowPrivate: rules.allowPrivate, consent },
        readVariable: readFor(tenantId, what),
        onOpen: (server) => logger.log("info", `${what}: connected`, { tenantId, ...server }),
      }),
    };
  };

  const openLibraryOf = async (
    manifest: LibraryManifest,
    tenantId: string,
    what: string,
    signal: AbortSignal,
  ): Promise<ToolSource> => {
    const [{ readLibrary }, { openLibrary }] = await Promise.all([
      import("./read-library.ts"),
      import("./library-source.ts"),
    ]);
    const source = await openLibrary(
      await readLibrary(tenantId, manifest, rules),
      {
        ...{ what, tenantId, spec: manifest.spec.library, allowPrivate: rules.allowPrivate },
        readVariable: readFor(tenantId, what),
        embed: (model, texts, given) => embedderOf(model).embed(tenantId, texts, given),
        onReleaseFailed: (error) =>
          logger.log("warn", `${what}: not all of it was closed: ${PlatformError.from(error).message}`, { tenantId }),
      },
      signal,
    );
    logger.log("info", `${what}: open`, { tenantId });
    return source;
  };

  /** Throws UNAUTHENTICATED with where consent is given, in place of what says that a server wants it. */
  const orAsked = async <T>(caller: ConsentCaller, name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const wanted = mcpSourceIfLoaded?.wantedConsent(error) ?? null;
      throw wanted === null ? error : await consents.ask(caller, name, wanted);
    }
  };

  const list = async (caller: ConsentCaller, name: string, signal: AbortSignal): Promise<readonly ListedTool[]> => {
    const source = await sourceOf(caller, name);
    const tools = await orAsked(caller, name, () => pool.tools(source, signal));
    return tools.map(({ name: origin, description, inputJsonSchema, hints = {}, terms }) => ({
      ...{ name: toolName(name, origin, digest.sha256), origin, description, inputJsonSchema },
      ...(Object.keys(hints).length === 0 ? {} : { hints }),
      ...(terms === undefined ? {} : { terms }),
    }));
  };

  const call = async (
    caller: ConsentCaller,
    manifest: string,
    tool: Pick<ListedTool, "origin" | "hints">,
    {
      input,
      idempotencyKey,
      answers,
      signal,
    }: { input: unknown; idempotencyKey: string; answers?: ToolAnswers | undefined; signal: AbortSignal },
  ): Promise<unknown> => {
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw new PlatformError("INVALID_ARGUMENT", `the input of ${tool.origin} is refused: expected an object`);
    const mayRepeat = tool.hints?.readOnly === true || tool.hints?.idempotent === true;
    const source = await sourceOf(caller, manifest);
    let hasBegun = false;
    const begin = (opened: ToolSource): Promise<unknown> => {
      hasBegun = true;
      return opened.call({
        tool: tool.origin,
        input: input as Record<string, unknown>,
        idempotencyKey,
        ...{ mayRepeat, signal },
        ...(answers === undefined ? {} : { answers }),
      });
    };
    try {
      return await orAsked(caller, manifest, () => pool.use(source, signal, begin));
    } catch (error) {
      if (PlatformError.is(error) && error.code === "INPUT_REQUIRED") throw asking(manifest, error);
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
      consents,
      list,
      call: (caller, { manifest, tool, ...given }) => call(caller, manifest, tool, given),
    },
    service: {
      list: (tenantId) =>
        Promise.resolve(
          declared.list(tenantId).map(({ metadata: { name }, spec: { description = "", mcp, library } }) => {
            const source = pool.source({ tenantId, name });
            const trouble = pool.trouble({ tenantId, name });
            const { server } = source ?? {};
            return {
              ...{ name, description },
              ...(library === undefined ? {} : { library: library.name }),
              from: library !== undefined ? "library" : mcp?.stdio === undefined ? "http" : "stdio",
              state: source?.isOpen === true ? "open" : trouble === null ? "idle" : "failed",
              ...(source?.isOpen === true && server !== undefined ? { server } : {}),
              ...(trouble === null ? {} : { reason: trouble.message }),
            };
          }),
        ),
      libraries: async () => (await import("./tool-libraries.ts")).toolLibraryStatuses(rules.libraries),
      tools: ({ tenantId, caller }, manifest, signal) => list({ tenantId, caller }, manifest, signal),
      async call({ tenantId, caller }, manifest, tool, { input, signal }) {
        const by = { tenantId, caller };
        const tools = await list(by, manifest, signal);
        const found = tools.find(({ name, origin }) => name === tool || origin === tool);
        if (found === undefined)
          throw new PlatformError(
            "NOT_FOUND",
            `${manifest} has no tool "${tool}"; it has ${tools.map(({ origin }) => origin).join(", ") || "none"}`,
          );
        await checkListedInput(found, input);
        return call(by, manifest, found, { input, idempotencyKey: crypto.randomUUID(), signal });
      },
      async consents(scope, manifest) {
        // Which Tools there are is told to operators alone.
        if (scope.operator === true) await find(scope.tenantId, manifest);
        const kept = await consentRecords.list(scope.tenantId, manifest);
        return kept
          .filter(({ caller }) => scope.operator === true || caller === scope.caller)
          .map(({ caller, at, consent }) => ({
            ...{ caller, since: new Date(at).toISOString() },
            scopes: consent.scope?.split(" ").filter((each) => each !== "") ?? [],
          }));
      },
      async revoke(scope, manifest, caller) {
        const { tenantId } = scope;
        assertOwn(scope, caller);
        if (scope.operator === true) await find(tenantId, manifest);
        if (await consentRecords.revoke(tenantId, manifest, caller)) return pool.forget(tenantId, manifest, caller);
        throw new PlatformError("NOT_FOUND", `${caller} has not consented to the tools "${manifest}"`);
      },
    },
    ...{ consents, consentRecords, consentNews, declared: find },
    forget(tenantId, name) {
      pool.forget(tenantId, name);
      forgetConsents(tenantId, name);
    },
    async close() {
      await pool.close();
      await Promise.all(forgetting);
    },
  };
};

/** Whose question it is: a source does not know by which name it was declared. */
const asking = (manifest: string, { code, message, details }: PlatformError): PlatformError =>
  new PlatformError(code, message, {
    details: { ...details, question: { manifest, ...(details?.["question"] as object | undefined) } },
  });

const assertOwn = ({ caller: by, operator }: CallerScope, caller: string): void => {
  if (operator === true || by === caller) return;
  throw new PlatformError(
    "PERMISSION_DENIED",
    "what others have consented to is taken back by them, or by an operator",
  );
};
