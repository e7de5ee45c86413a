/** Where a feed may connect to, and with whose secrets. */
import type { Feed } from "@agentcore/agents";
import { PlatformError } from "@agentcore/contract";
import { secretsOfSteps, secretsOfWebSocket } from "@agentcore/contract/web-socket";
import type { OutboundPolicy } from "@agentcore/outbound";
import { checkVariables } from "../manifests/check-variables.ts";

/** Variables that are sent, each with where it stands in the options. */
export const secretsOfFeed = (feed: Pick<Feed, "headers" | "opening" | "resume">) => [
  ...secretsOfWebSocket(feed),
  ...secretsOfSteps("resume", feed.resume ?? []),
];

/** This machine may always be connected to, as with other agents that run elsewhere. */
export const feedPolicy = (feed: Parameters<typeof secretsOfFeed>[0], allowPrivate: boolean): OutboundPolicy => ({
  allowLoopback: true,
  allowPrivate,
  sendsSecret: secretsOfFeed(feed).length > 0,
  option: "--allow-private-agents",
});

/** Throws CONFIG_INVALID for a variable that is not the tenant's, or not set. */
export const readFeedSecret =
  (env: Readonly<Record<string, string | undefined>>) =>
  (tenantId: string) =>
  (variable: string): string => {
    const value = checkVariables(tenantId, [["", variable]]).length === 0 ? env[variable] : undefined;
    if (value) return value;
    throw new PlatformError("CONFIG_INVALID", `there is no credential: set ${variable}`);
  };
