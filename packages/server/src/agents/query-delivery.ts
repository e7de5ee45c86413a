/** Hands queries of the bus to the agents' `answer` handlers. */
import { PlatformError, type Target } from "@agentcore/contract";
import type { QueryContext } from "@agentcore/contract/authoring";
import { type Bus, isDelivered, type QueryDelivery } from "@agentcore/core/bus";
import type { KeyValue, Logger } from "@agentcore/core/ports";
import { type AgentHost, createMemoryReader, type LoadedAgent } from "@agentcore/core/tasks";

interface QueryParts {
  readonly host: AgentHost;
  readonly bus: () => Bus;
  readonly keyValue: Pick<KeyValue, "get">;
  readonly logger: Logger;
}

export const createQueryDelivery =
  (options: QueryParts): QueryDelivery =>
  async (record, _replica, message, signal) => {
    // Only the bus can make what this check lets through (I8).
    if (!isDelivered(message, record))
      throw new PlatformError("PERMISSION_DENIED", "a query reaches an agent through the bus only");
    const found = options.host.load({ tenantId: record.tenantId, agent: record.name, revision: record.revision });
    const loaded = found instanceof Promise ? await found : found;
    if (loaded === null)
      throw new PlatformError(
        "REVISION_UNAVAILABLE",
        `revision ${record.revision} of agent ${record.name} cannot be loaded here`,
      );
    const { answer } = loaded.definition;
    if (answer === undefined)
      throw new PlatformError("UNSUPPORTED_OPERATION", `agent ${record.name} answers no queries; send it a command`);
    return answer(
      { tenantId: record.tenantId, payload: message.payload },
      createQueryContext(options, loaded, message, signal),
    );
  };

const createQueryContext = (
  options: QueryParts,
  loaded: LoadedAgent,
  message: {
    readonly tenantId: string;
    readonly traceparent?: string | undefined;
    readonly auth?: { readonly caller: string } | undefined;
    readonly deadline?: number | undefined;
    readonly taskId?: string | undefined;
  },
  signal: AbortSignal,
): QueryContext => {
  const { name } = loaded.definition;
  const { tenantId } = message;
  const write =
    (level: "debug" | "info" | "warn" | "error") => (text: string, fields?: Readonly<Record<string, unknown>>) =>
      options.logger.log(level, text, { ...fields, tenantId, agent: name });
  return {
    tenantId,
    signal,
    env: loaded.env,
    memory: createMemoryReader(options.keyValue, tenantId, name),
    log: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") },
    query: <T>(target: Target, payload: unknown, queryOptions?: { readonly timeoutMs?: number }) =>
      options.bus().query(
        {
          tenantId,
          source: `agent:${name}`,
          target,
          payload,
          traceparent: message.traceparent,
          deadline: message.deadline,
          // What is asked further counts for the task that asks.
          taskId: message.taskId,
        },
        {
          caller: { tenantId, caller: message.auth?.caller ?? `agent:${name}` },
          signal,
          ...(queryOptions?.timeoutMs === undefined ? {} : { timeoutMs: queryOptions.timeoutMs }),
        },
      ) as Promise<T>,
  };
};
