import { invalidArgument, parseInput } from "@agentcore/contract";
import { type AgentDefinition, PlatformError, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { DeliveryId, HeaderName, knownServices, Signature, type SignatureForm } from "./signature-form.ts";

const shape = {
  /** Of the durable events that deliveries become. */
  topic: z.string().regex(/^[\w-]+(\.[\w-]+)*$/, { error: "expected a topic, as github.delivered" }),
  /** How deliveries are signed: by a service that is known, or as you say. */
  signature: Signature,
  /** Variables of the node's environment, the signature by any of which counts: two while a secret is changed. */
  secrets: z
    .array(
      z.string().regex(/^[A-Z][A-Z0-9_]{0,127}$/, { error: "expected the name of a variable, as SHOP_HOOK_SECRET" }),
    )
    .min(1)
    .max(3),
  /** What tells one delivery from another. By default the service's own, else `content`: what is delivered, to the byte. */
  id: DeliveryId.optional(),
  /** Headers that the event has beside the body. */
  headers: z.array(HeaderName).max(20).default([]),
  /** Any JSON, forms as objects, all others as text. */
  contentTypes: z
    .array(
      z
        .string()
        .max(100)
        .regex(/^[a-z]+\/[a-z0-9.+-]+$/, { error: "expected a media type, as application/json" }),
    )
    .min(1)
    .max(10)
    .default(["application/json"]),
  maxBytes: z.int().min(1).max(8_388_608).default(1_048_576),
  /** A signed time may be so far from now. */
  toleranceMs: z.int().min(1_000).max(3_600_000).default(300_000),
  /** Signed deliveries, over all nodes. */
  requestsPerMinute: z.int().min(1).max(60_000).default(600),
  /** So long a delivery's id is known: longer than the service tries again. */
  rememberMs: z.int().min(60_000).max(7_776_000_000).default(604_800_000),
};

export const webhookKind: StandardKind<typeof shape> = {
  name: "webhook",
  description: "Makes each signed delivery of an outside service a durable event, once",
  latencyMs: { from: 1, to: 20 },
  doesNot: [
    "answer the service more than that it was kept",
    "keep the order in which things happened there",
    "take tasks of anybody else",
    "send webhooks",
  ],
  skills: [
    {
      id: "webhook",
      name: "Receive webhooks",
      description: "Takes what an outside service delivers over HTTP, and tells it as an event",
      tags: ["connection", "webhook", "events"],
      examples: ["A pull request was opened on GitHub"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  example: {
    options: {
      topic: "github.delivered",
      signature: "github",
      secrets: ["GITHUB_HOOK_SECRET"],
      headers: ["x-github-event"],
    },
    input: {
      delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      headers: { "x-github-event": "ping" },
      body: { zen: "Anything added dilutes everything else." },
    },
  },
};

export type WebhookOptions = StandardOptions<typeof shape>;

/** What the door of a node goes by. */
export interface Hook extends Omit<z.output<z.ZodObject<typeof shape>>, "id" | "signature"> {
  readonly signature: SignatureForm;
  readonly id: DeliveryId;
}

/** Throws INVALID_ARGUMENT with every option that is wrong. */
export const hookOf = (options: unknown): Hook => {
  const { signature: named, id, ...rest } = parseInput(z.strictObject(shape), options, "the options of a webhook");
  const service = typeof named === "string" ? knownServices[named] : undefined;
  const signature = typeof named === "string" ? knownServices[named].signature : named;
  const hook: Hook = { ...rest, signature, id: id ?? service?.id ?? "content" };
  if (
    "signed" in signature &&
    signature.signed.includes("{id}") &&
    !(typeof hook.id === "object" && "header" in hook.id)
  )
    throw invalidArgument("the options of a webhook", [
      { field: "id", description: "expected { header }: the id is part of what is signed" },
    ]);
  return hook;
};

/** Whom tasks that the door makes belong to: no credential may have such a name. */
export const callerOfHook = (name: string): string => `hook:${name}`;

/** What the door gives a task. */
export const HookDelivery = z.strictObject({
  delivery: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown(),
});
export type HookDelivery = z.output<typeof HookDelivery>;

/**
 * An agent behind `POST /hooks/NAME`. The door has judged the signature before there is a task, and knows each delivery by its id; the task tells it
 * as a durable event. It takes tasks of no one else: what it tells is what the service said.
 */
export const webhookAgent = (options: WebhookOptions): AgentDefinition => {
  const checked = checkStandard(webhookKind, options);
  const { name: _name, description: _description, skills: _skills, ...own } = checked;
  const { topic } = hookOf(own);
  return standardAgent(webhookKind, checked, {
    input: HookDelivery,
    async run({ agent: hook, caller, above = [], input }: TaskInput<HookDelivery>, ctx) {
      if (hook === undefined || caller !== callerOfHook(hook) || above.length > 0)
        throw new PlatformError(
          "PERMISSION_DENIED",
          `${hook ?? "a webhook"} takes what is delivered at its own door, /hooks, and tasks of nobody`,
        );
      await ctx.emit(topic, { hook, ...input }, { durable: true });
      return { delivery: input.delivery, topic };
    },
  });
};
