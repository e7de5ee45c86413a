/** Where a feed may connect to, and whose secrets it may send. What else is wrong with its options is told where the agent is made of them. */
import { type AgentManifest, invalidArgument, PlatformError } from "@agentcore/contract";
import { checkVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT. A name is judged again when it is connected to, by where it leads. */
export const checkFeed = async (
  tenantId: string,
  { metadata, spec }: AgentManifest,
  allowPrivate: boolean,
): Promise<void> => {
  if (spec.standard?.name !== "websocket-feed") return;
  const [{ feedOf }, { refuseUrl }, { feedPolicy, secretsOfFeed }] = await Promise.all([
    import("@agentcore/agents"),
    import("@agentcore/outbound"),
    import("../feeds/feed-policy.ts"),
  ]);
  const at = (field: string): string => `spec.standard.options.${field}`;
  let feed: ReturnType<typeof feedOf>;
  try {
    feed = feedOf(spec.standard.options);
  } catch (error) {
    const { violations = [] } = PlatformError.from(error);
    throw invalidArgument(
      `agent "${metadata.name}"`,
      violations.map(({ field, description }) => ({ field: at(field), description })),
    );
  }
  const refused = refuseUrl(new URL(feed.url), feedPolicy(feed, allowPrivate));
  const violations = [
    ...(refused === undefined ? [] : [{ field: at("url"), description: refused }]),
    ...checkVariables(
      tenantId,
      secretsOfFeed(feed).map(([field, variable]) => [at(field), variable] as const),
    ),
  ];
  if (violations.length > 0) throw invalidArgument(`agent "${metadata.name}"`, violations);
};
