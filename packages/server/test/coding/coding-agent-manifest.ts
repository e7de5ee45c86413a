import { fileURLToPath } from "node:url";

/** Does what its prompt says. */
export const PROGRAM = fileURLToPath(new URL("../../../coding/test/scripted-program.mjs", import.meta.url));

export const codingAgentManifest = (name: string, repository: string, coding: object = {}) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: { coding: { program: "claude-code", command: PROGRAM, repository, base: "main", ...coding } },
});
