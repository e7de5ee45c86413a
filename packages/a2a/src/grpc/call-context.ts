/** What a handler needs to know of its call, whatever the kind of call. */
import type { EventEmitter } from "node:events";
import { Metadata, type ServiceError } from "@grpc/grpc-js";
import type { GrpcAdmission, OpenedCall } from "./grpc-gateway.ts";

export interface ServiceDeps {
  /** Who was let in with this metadata. */
  readonly admitted: (metadata: Metadata) => GrpcAdmission;
  readonly failed: (thrown: unknown) => Omit<ServiceError, "name">;
  /** What a stream fails with when it ends because the node does; null while it does not. */
  readonly interrupted: () => Error | null;
}

/** The metadata as HTTP has it; binary entries are nothing that A2A knows. */
export const headersOf = (metadata: Metadata): Headers => {
  const headers = new Headers();
  for (const name of Object.keys(metadata.getMap())) {
    if (name.endsWith("-bin")) continue;
    for (const value of metadata.get(name)) {
      // What HTTP does not allow as a value says nothing to us.
      if (typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.append(name, value);
    }
  }
  return headers;
};

/** Aborts when the client goes away, cancels, or its deadline passes. */
export const clientSignal = (call: EventEmitter & { readonly cancelled: boolean }): AbortSignal => {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.once("cancelled", () => controller.abort());
  return controller.signal;
};

/** The header under which each version tells the extensions of a call. */
export const extensionMetadata = ({ extensions }: OpenedCall, name: string): Metadata | null => {
  if (extensions.length === 0) return null;
  const metadata = new Metadata();
  metadata.set(name, extensions.join(", "));
  return metadata;
};

interface WritableCall {
  write(message: unknown, callback: () => void): unknown;
}

/** Resolves when the client has taken the message, or is gone. A stream's own `drain` counts messages, of whatever size, up to sixteen. */
export const written = (stream: WritableCall, message: unknown, client: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (client.aborted) return resolve();
    const done = () => {
      client.removeEventListener("abort", done);
      resolve();
    };
    client.addEventListener("abort", done);
    stream.write(message, done);
  });
