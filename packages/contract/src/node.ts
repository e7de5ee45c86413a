/** A running node, as it describes itself to the others and as front doors show it. */
import { z } from "zod";

export const NODE_ROLES = ["gateway", "control", "worker"] as const;

/** What a node says of itself: it takes tasks; it gives them to others; it holds none any more. */
export const NODE_CONDITIONS = ["ready", "draining", "drained"] as const;
export type NodeCondition = (typeof NODE_CONDITIONS)[number];

/** `lost`: it has not been heard of. */
export const NODE_STATES = [...NODE_CONDITIONS, "lost"] as const;
export type NodeState = (typeof NODE_STATES)[number];

const count = z.number().int().min(0);

export const NodeAgent = z.object({
  name: z.string(),
  /** The one new work goes to. */
  revision: z.string(),
  replicas: count,
  /** In memory there now. */
  tasks: count,
});
export type NodeAgent = z.infer<typeof NodeAgent>;

const described = {
  name: z.string(),
  /** Where clients reach it. */
  address: z.string(),
  version: z.string(),
  roles: z.array(z.enum(NODE_ROLES)),
  /** Milliseconds since 1970, by its own clock. */
  startedAt: z.number(),
  heartbeatAt: z.number(),
  /** In memory there now, of all tenants. */
  tasks: count,
};

/** As nodes tell each other: of every tenant. */
export const NodeRecord = z.object({
  ...described,
  state: z.enum(NODE_CONDITIONS),
  agents: z.array(NodeAgent.extend({ tenantId: z.string() })),
});
export type NodeRecord = z.infer<typeof NodeRecord>;

/** As an operator of one tenant sees it (I7). */
export const NodeStatus = z.object({ ...described, state: z.enum(NODE_STATES), agents: z.array(NodeAgent) });
export type NodeStatus = z.infer<typeof NodeStatus>;

/** Somebody wants a node to give its tasks away, until this is taken back. */
export const DrainRequest = z.object({
  by: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Milliseconds that running steps have to end. */
  graceMs: count,
});
export type DrainRequest = z.infer<typeof DrainRequest>;
