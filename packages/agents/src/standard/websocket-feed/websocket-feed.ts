import { MemberPath, parseInput } from "@agentcore/contract";
import { MessageMatch, OpeningSteps, secretsOfSteps, WebSocketAddress } from "@agentcore/contract/web-socket";
import { type AgentDefinition, PlatformError, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";

/** JSON, or a text, in which `"{path}"` stands for what stands there in a message. */
const Reply = z.json();

const shape = {
  /** Of the durable events that messages become. */
  topic: z.string().regex(/^[\w-]+(\.[\w-]+)*$/, { error: "expected a topic, as prices.changed" }),
  ...WebSocketAddress.shape,
  /** What tells one message from another. By default nothing does: each that comes is another. `content`: its text. */
  id: z.union([z.literal("content"), MemberPath]).optional(),
  /** Only such messages become events. @default all */
  match: MessageMatch.optional(),
  /** Is sent when a message is durable. @default nothing is */
  acknowledge: Reply.optional(),
  /** Is sent at once for messages that match, before they become events, if they do. */
  replies: z
    .array(z.strictObject({ match: MessageMatch, send: Reply }))
    .max(10)
    .default([]),
  /** How far a message is in what the service tells; kept with the message. */
  position: MemberPath.optional(),
  /** In place of `opening` once there is a position, for which `"{position}"` stands. */
  resume: OpeningSteps.optional(),
  /** After so long without a sign of life one is asked for, and after as long again the connection is given up. */
  heartbeatMs: z.int().min(1_000).max(600_000).default(30_000),
  /** Is sent to ask for one. @default a ping of the protocol */
  heartbeat: z.json().optional(),
  /** The longest time between two tries to connect. */
  maxReconnectMs: z.int().min(1_000).max(3_600_000).default(60_000),
  /** Of the handshake, and of what is said first once more. */
  openTimeoutMs: z.int().min(100).max(60_000).default(10_000),
  /** Of one message; the connection of a longer one is closed. */
  maxMessageBytes: z.int().min(1_024).max(8_388_608).default(262_144),
  /** More are not read before their time. */
  messagesPerMinute: z.int().min(1).max(60_000).default(600),
  /** So long an id is known. */
  rememberMs: z.int().min(60_000).max(7_776_000_000).default(604_800_000),
};

export const websocketFeedKind: StandardKind<typeof shape> = {
  name: "websocket-feed",
  description: "Holds a WebSocket open, and makes each message that is pushed on it a durable event",
  latencyMs: { from: 1, to: 20 },
  doesNot: [
    "know what was pushed while it was not connected, unless the service tells it again",
    "keep the order of messages",
    "take tasks of anybody else",
    "send what agents say",
  ],
  skills: [
    {
      id: "websocket-feed",
      name: "Follow a WebSocket",
      description: "Takes what a service pushes over a WebSocket, and tells it as events",
      tags: ["connection", "websocket", "events"],
      examples: ["The price of a share has changed"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  example: {
    options: {
      topic: "prices.changed",
      url: "wss://market.example/stream",
      opening: [
        { send: { subscribe: "prices", token: { env: "MARKET_TOKEN" } }, expect: { at: "type", is: "subscribed" } },
      ],
      match: { at: "type", is: "price" },
      id: "data.id",
    },
    input: {
      message: "a-7",
      receivedAt: "2026-01-31T09:30:00.000Z",
      body: { type: "price", data: { id: "a-7", price: 12 } },
    },
  },
};

export type WebSocketFeedOptions = StandardOptions<typeof shape>;

const Feed = z.strictObject(shape).superRefine(({ resume, position, acknowledge, replies, heartbeat }, context) => {
  const refuse = (field: string, message: string): void => context.addIssue({ code: "custom", path: [field], message });
  if (resume !== undefined && position === undefined) refuse("resume", "expected a position beside it");
  if (position !== undefined && resume === undefined)
    refuse("position", "expected resume beside it: nobody else reads it");
  const said = [
    ["acknowledge", acknowledge],
    ["heartbeat", heartbeat],
    ...replies.map(({ send }, index) => [`replies[${index}].send`, send] as const),
  ] as const;
  for (const [field, send] of said)
    if (secretsOfSteps(field, [{ send }]).length > 0) refuse(field, "expected secrets in opening and resume alone");
});

/** What the node that holds it goes by. */
export type Feed = z.output<typeof Feed>;

/** Throws INVALID_ARGUMENT with every option that is wrong. */
export const feedOf = (options: unknown): Feed => parseInput(Feed, options, "the options of a websocket-feed");

/** Whom tasks that a feed makes belong to: no credential may have such a name. */
export const callerOfFeed = (name: string): string => `feed:${name}`;

/** What a feed gives a task. */
export const FeedMessage = z.strictObject({
  message: z.string(),
  receivedAt: z.string(),
  /** JSON where it is some, else the text. */
  body: z.unknown(),
});
export type FeedMessage = z.output<typeof FeedMessage>;

/**
 * An agent of which one node holds the connection. A message is a task before it is an event; it takes tasks of no one else: what it tells
 * is what the service said.
 */
export const websocketFeedAgent = (options: WebSocketFeedOptions): AgentDefinition => {
  const checked = checkStandard(websocketFeedKind, options);
  const { name: _name, description: _description, skills: _skills, ...own } = checked;
  const { topic } = feedOf(own);
  return standardAgent(websocketFeedKind, checked, {
    input: FeedMessage,
    async run({ agent: feed, caller, above = [], input }: TaskInput<FeedMessage>, ctx) {
      if (feed === undefined || caller !== callerOfFeed(feed) || above.length > 0)
        throw new PlatformError(
          "PERMISSION_DENIED",
          `${feed ?? "a feed"} takes what is pushed on its own connection, and tasks of nobody`,
        );
      await ctx.emit(topic, { feed, ...input }, { durable: true });
      return { message: input.message, topic };
    },
  });
};
