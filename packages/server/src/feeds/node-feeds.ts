/** Feeds of this node: what holds them is loaded when it first has the turn to. */
import type { RateLimiter } from "@agentcore/core/governance";
import type { KeyValue, Senses } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import { loadOnce } from "../load-once.ts";
import type { Metrics } from "../metrics.ts";
import type { NodeTurns } from "../turns/node-turns.ts";
import type { DeclaredFeeds } from "./declared-feeds.ts";
import type { FeedKeeper } from "./feed-keeper.ts";
import { FeedPositions } from "./feed-positions.ts";

export interface NodeFeeds {
  start(): void;
  close(): Promise<void>;
}

export const createNodeFeeds = (options: {
  readonly declared: DeclaredFeeds;
  readonly tasks: Pick<TaskService, "submit">;
  readonly keyValue: KeyValue;
  readonly limiter: Pick<RateLimiter, "take">;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether they may be in private networks. */
  readonly allowPrivate: boolean;
  readonly random: () => number;
  readonly senses: Senses;
  readonly metrics: Pick<Metrics, "tenantCounter" | "tenantGauge">;
  readonly turns: NodeTurns;
}): NodeFeeds => {
  const { declared, tasks, keyValue, limiter, env, allowPrivate, random, senses, metrics, turns } = options;
  let keeper: FeedKeeper | undefined;
  const open = loadOnce(async () => {
    const [{ FeedKeeper: Keeper }, { feedPolicy, readFeedSecret }, { createGuardedWebSocket }] = await Promise.all([
      import("./feed-keeper.ts"),
      import("./feed-policy.ts"),
      import("@agentcore/outbound"),
    ]);
    keeper = new Keeper({
      ...{ declared, tasks, keyValue, limiter, random, senses },
      positions: new FeedPositions(keyValue),
      openFor: (feed) => createGuardedWebSocket(feedPolicy(feed, allowPrivate)),
      secretFor: readFeedSecret(env),
    });
    return keeper;
  });
  const turn = turns({
    ...{ key: "feeds", does: "holds the connections of feeds" },
    isWanted: () => declared.all.size > 0,
    round: async (signal) => (await open()).round(signal),
    end: async () => keeper?.endAll(),
  });
  declared.onChange(() => turn.wake());
  metrics.tenantCounter(
    "agentcore_feed_messages",
    "Messages of feeds on this node, by what became of them.",
    (tenant) =>
      Object.entries(keeper?.messages(tenant) ?? {}).map(
        ([outcome, value]) => [`outcome="${outcome}"`, value] as const,
      ),
  );
  metrics.tenantGauge("agentcore_feed_connected", "Feeds that this node holds: 1 while connected.", (tenant) =>
    (keeper?.connections(tenant) ?? []).map(([name, isOn]) => [`feed="${name}"`, isOn ? 1 : 0] as const),
  );
  return {
    start: () => turn.start(),
    close: () => turn.close(),
  };
};
