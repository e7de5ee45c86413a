import type { KeyValue } from "@agentcore/core/ports";
import { onTestFinished } from "vitest";
import { createRemoteAgents, type RemoteAgents } from "../../src/remote/remote-agents.ts";
import { createSystemSenses } from "../../src/system-senses.ts";

type Options = Partial<Parameters<typeof createRemoteAgents>[0]>;

/** Remote agents as a node has them, until the test ends. */
export const openRemotes = (keyValue: KeyValue, options: Options = {}): RemoteAgents => {
  const { clock } = createSystemSenses({ log: () => {} });
  const remotes = createRemoteAgents({
    ...{ keyValue, clock, logger: { log: () => {} }, env: {}, allowPrivate: false },
    ...options,
  });
  onTestFinished(() => remotes.close());
  return remotes;
};
