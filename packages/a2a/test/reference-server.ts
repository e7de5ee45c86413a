/** The reference SDK's server as its own documentation sets it up: Express, in memory, over all three bindings. */
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { AgentCard, Message, Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent } from "@a2a-js/sdk";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultPushNotificationSender,
  DefaultRequestHandler,
  InMemoryPushNotificationStore,
  InMemoryTaskStore,
} from "@a2a-js/sdk/server";
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from "@a2a-js/sdk/server/express";
import { A2AService, grpcService } from "@a2a-js/sdk/server/grpc";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import express from "express";

export interface ReferenceServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The agent says what it is told; "ask", "hold" and "fail" make it ask, work on until it is canceled, and fail. */
export const startReferenceServer = async (
  options: { readonly secured?: boolean; readonly tls?: { readonly cert: string; readonly key: string } } = {},
): Promise<ReferenceServer> => {
  const app = express();
  const { tls } = options;
  const server = tls === undefined ? createServer(app) : createSecureServer(tls, app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const grpc = new GrpcServer();
  const grpcPort = await new Promise<number>((resolve, reject) => {
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }]);
    grpc.bindAsync("127.0.0.1:0", credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
  const card = AgentCard.fromJSON({
    name: "Echo",
    description: "Says what it is told",
    version: "1.0.0",
    supportedInterfaces: [
      { url: `${url}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
      { url: `${url}/rest`, protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
      { url: `127.0.0.1:${grpcPort}`, protocolBinding: "GRPC", protocolVersion: "1.0" },
    ],
    capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: options.secured === true },
    ...(options.secured === true
      ? {
          securitySchemes: { bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } } },
          securityRequirements: [{ schemes: { bearer: { list: [] } } }],
        }
      : {}),
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "echo", name: "Echo", description: "Says it again", tags: ["echo"] }],
  });
  const push = new InMemoryPushNotificationStore();
  const handler = new DefaultRequestHandler(
    card,
    new InMemoryTaskStore(),
    executor(),
    undefined,
    push,
    new DefaultPushNotificationSender(push),
    options.secured === true ? card : undefined,
  );
  const userBuilder = UserBuilder.noAuthentication;
  app.use("/.well-known/agent-card.json", agentCardHandler({ agentCardProvider: handler }));
  app.use("/rpc", jsonRpcHandler({ requestHandler: handler, userBuilder }));
  app.use("/rest", restHandler({ requestHandler: handler, userBuilder }));
  grpc.addService(A2AService, grpcService({ requestHandler: handler, userBuilder }));
  return {
    url,
    async close() {
      grpc.forceShutdown();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

const executor = (): AgentExecutor => {
  const held = new Map<string, () => void>();
  const status = (taskId: string, contextId: string, state: string) =>
    AgentEvent.statusUpdate(
      TaskStatusUpdateEvent.fromJSON({
        ...{ taskId, contextId },
        status: { state: `TASK_STATE_${state}`, timestamp: new Date().toISOString() },
      }),
    );
  return {
    async execute({ taskId, contextId, userMessage, task }, bus) {
      const part = userMessage.parts[0]?.content;
      const said = part?.$case === "text" ? part.value : "";
      const submitted = { state: "TASK_STATE_SUBMITTED", timestamp: new Date().toISOString() };
      const history = [Message.toJSON(userMessage)];
      bus.publish(AgentEvent.task(task ?? Task.fromJSON({ id: taskId, contextId, status: submitted, history })));
      bus.publish(status(taskId, contextId, "WORKING"));
      if (said === "hold") {
        await new Promise<void>((resolve) => held.set(taskId, resolve));
        bus.publish(status(taskId, contextId, "CANCELED"));
      } else if (said === "ask") bus.publish(status(taskId, contextId, "INPUT_REQUIRED"));
      else if (said === "fail") bus.publish(status(taskId, contextId, "FAILED"));
      else {
        const artifact = { artifactId: "said", parts: [{ text: said }] };
        const update = TaskArtifactUpdateEvent.fromJSON({ taskId, contextId, artifact });
        bus.publish(AgentEvent.artifactUpdate(update));
        bus.publish(status(taskId, contextId, "COMPLETED"));
      }
      bus.finished();
    },
    async cancelTask(taskId, bus) {
      const release = held.get(taskId);
      if (release !== undefined) return release();
      bus.publish(status(taskId, "", "CANCELED"));
      bus.finished();
    },
  };
};
