/** The agent elsewhere that tests of remote agents call; closed when the test ends. */
import type { TaskEvent } from "@agentcore/contract";
import { onTestFinished } from "vitest";
import type { AgentServer, startAgentServer as StartAgentServer } from "../../../a2a/test/agent-server.ts";

export const serve = async (...given: Parameters<typeof StartAgentServer>): Promise<AgentServer> => {
  const { startAgentServer } = await import("../../../a2a/test/agent-server.ts");
  const server = await startAgentServer(...given);
  onTestFinished(() => server.close());
  return server;
};

/** Resolves when `release` is called. */
export const gate = () => {
  let release = (): void => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, release };
};

export const textsOf = (events: readonly TaskEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === "artifact.appended" ? event.data.artifact.parts.map(({ text }) => text ?? "?") : [],
  );

export const isArtifact = (event: TaskEvent): boolean => event.type === "artifact.appended";
