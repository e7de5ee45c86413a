/** Stand-ins for the agents that the one under test talks to. */
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { agent } from "@agentcore/sdk";

/** What a peer does with a command: a function of its input, or a whole agent. Throwing fails the peer's task. */
export type Peer = ((input: unknown) => unknown) | AgentDefinition;
export type Peers = Readonly<Record<string, Peer>>;
export type Queries = Readonly<Record<string, (payload: unknown) => unknown>>;

/** A peer is reached by its name, and as capability by the same name. */
export const createPeers = (peers: Peers, queries: Queries): AgentDefinition[] => {
  const names = new Set([...Object.keys(peers), ...Object.keys(queries)]);
  return [...names].map((name) => {
    const peer = peers[name];
    const ask = queries[name];
    if (peer !== undefined && typeof peer !== "function") {
      return { ...peer, name, ...(ask === undefined ? {} : { answer: ({ payload }) => ask(payload) }) };
    }
    return agent({
      name,
      description: `stands in for ${name}`,
      ...(peer === undefined
        ? {}
        : { run: (task, ctx) => ctx.step("peer", () => peer(task.input), { retry: { maxAttempts: 1 } }) }),
      ...(ask === undefined ? {} : { answer: ({ payload }) => ask(payload) }),
    });
  });
};
