/** The bus as the task engine sees it, and the engine as the bus sees it: each command meets its acceptor again by message id. */
import { PlatformError } from "@agentcore/contract";
import type { Bus, CommandSink, Delivered } from "../bus/index.ts";
import type { Ids } from "../ports/index.ts";
import type { AgentRegistry } from "../registry/index.ts";
import { MEMORY_AGENT, type PlatformAgents, targeted } from "./platform-agents.ts";
import type { RoutingChoice, TaskRouter } from "./task-router.ts";
import { TurnoverMap } from "./turnover-map.ts";

export interface BusRouter {
  readonly router: TaskRouter;
  readonly sink: CommandSink;
}

export const createBusRouter = (options: {
  readonly bus: () => Bus;
  readonly registry: AgentRegistry;
  readonly ids: Ids;
  /** Who gets a task for a durable event. @default those in the registry */
  readonly subscribers?: TaskRouter["subscribers"] | undefined;
  /** @default none: what agents remember is kept nowhere */
  readonly platform?: PlatformAgents | undefined;
}): BusRouter => {
  const { platform } = options;
  const acceptors = new TurnoverMap<string, (choice: RoutingChoice, message: Delivered) => Promise<unknown>>();
  const sink: CommandSink = {
    async accept(message, { record }, decision) {
      const accept = acceptors.get(message.id);
      if (accept === undefined)
        throw new PlatformError("INTERNAL", `command ${message.id} has no task engine behind it`);
      const scores = decision.scores.map(({ agent, score, similarity, latencyMs, cost, quality }) => ({
        candidate: agent,
        score,
        parts: { similarity, latencyMs, cost, quality },
      }));
      await accept({ agent: record.name, revision: record.revision, scores, reasons: decision.reasons }, message);
      return { taskId: message.id };
    },
  };
  const callerOf = (tenantId: string, caller: string, permissions?: readonly string[]) => ({
    ...{ tenantId, caller },
    ...(permissions === undefined ? {} : { permissions: [...permissions] }),
  });
  const router: TaskRouter = {
    async command(draft, accept) {
      const { exclude, signal, caller, permissions, scopes: _scopes, contextId, skill: _skill, ...message } = draft;
      const id = options.ids.next();
      let result: { readonly value: Awaited<ReturnType<typeof accept>> } | null = null;
      acceptors.set(id, async (choice, delivered) => {
        // It refuses work of its own, whoever sends it.
        if (platform !== undefined && targeted({ agent: choice.agent }) !== undefined)
          await platform.perform(choice.agent, delivered, signal ?? new AbortController().signal);
        result = { value: await accept(choice) };
      });
      try {
        await options.bus().command(
          { ...message, id },
          {
            caller: callerOf(draft.tenantId, caller, permissions),
            signal,
            stickyKey: contextId,
            ...(exclude === undefined || exclude.length === 0 ? {} : { constraints: { exclude } }),
          },
        );
        if (result === null) throw new PlatformError("INTERNAL", "the command was accepted by nobody");
        return (result as { readonly value: Awaited<ReturnType<typeof accept>> }).value;
      } finally {
        acceptors.delete(id);
      }
    },
    query: ({ caller, permissions, scopes, signal, contextId, exclude: _exclude, skill: _skill, ...message }) => {
      const shown = targeted(message.target) === undefined ? permissions : scopes;
      return options
        .bus()
        .query(message, { caller: callerOf(message.tenantId, caller, shown), signal, stickyKey: contextId });
    },
    remembers:
      platform === undefined
        ? undefined
        : async ({ type, caller, contextId: _contextId, signal, ...draft }) => {
            const { tenantId } = draft;
            const message = { ...draft, target: { agent: MEMORY_AGENT } };
            const as = { caller: callerOf(tenantId, caller, [platform.permit]), signal };
            if (type === "query") return options.bus().query(message, as);
            const id = options.ids.next();
            let result: unknown;
            acceptors.set(id, async (_choice, delivered) => {
              result = await platform.perform(MEMORY_AGENT, delivered, signal);
            });
            try {
              await options.bus().command({ ...message, id }, as);
              return result;
            } finally {
              acceptors.delete(id);
            }
          },
    emit({ tenantId, source, topic, payload, id, taskId }) {
      void options
        .bus()
        .emit({ tenantId, source, target: { topic }, payload, id, taskId }, { caller: callerOf(tenantId, source) })
        .catch(() => undefined);
    },
    subscribers:
      options.subscribers ??
      ((tenantId) => (topic) =>
        options.registry.subscribers(tenantId, topic).map(({ name, revision }) => ({ agent: name, revision }))),
    revisionOf: (tenantId, agent) => options.registry.byName(tenantId, agent)?.revision ?? null,
    reportEnd: ({ tenantId, agent, failedRetryably }) =>
      options.bus().taskEnded({ tenantId, agent, failed: failedRetryably }),
  };
  return { router, sink };
};
