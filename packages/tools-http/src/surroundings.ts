/** What these tools need of where they run: given by the node for a Tool manifest, made here for an agent in code. */
import { PlatformError } from "@agentcore/contract";
import { createNamedFetch, createNamedWebSocket } from "@agentcore/outbound";
import type { Reach, ToolSurroundings } from "@agentcore/sdk";

export type HttpSurroundings = Pick<ToolSurroundings, "fetch" | "secret" | "webSocket">;

/** Of code, which names what it reaches itself: secrets are the process's own variables, private networks may be named. */
export const ownSurroundings = (reaches: readonly Reach[]): HttpSurroundings => {
  const origins = {
    named: reaches
      .filter(({ kind }) => kind === "address")
      .map(({ value, withSecret = false }) => ({ origin: new URL(value).origin, sendsSecret: withSecret })),
    allowPrivate: true,
    option: "",
  };
  return {
    fetch: createNamedFetch(origins),
    webSocket: createNamedWebSocket(origins),
    secret(variable) {
      const value = process.env[variable];
      if (value) return value;
      throw new PlatformError("CONFIG_INVALID", `there is no credential: set ${variable}`);
    },
  };
};
