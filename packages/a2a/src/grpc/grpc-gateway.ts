/** What the gRPC binding asks of the node it serves. */
import type { A2AOperationRunner } from "../server/operations.ts";

export type A2AGrpcVersion = "0.3" | "1.0";

/** A call as far as it is known before its message is read. */
export interface GrpcRequest {
  /** The metadata, without binary entries. */
  readonly headers: Headers;
  /** What the client calls this server. */
  readonly authority: string;
  /** Its `connectionKey`. */
  readonly connection: string;
}

export interface OpenedCall {
  readonly runner: A2AOperationRunner;
  /** URIs of the extensions that the call is made with. */
  readonly extensions: readonly string[];
}

/** A caller that is known and may call. */
export interface GrpcAdmission {
  /** Counts bytes of an answer until its client has taken them, which what is returned tells. Throws what `statusOf` maps. */
  hold(bytes: number): () => void;
  /**
   * Finds the agent by the request's `tenant`, `TENANT/AGENT`: without the second part, or empty, the default one. `client`
   * aborts when the client goes away. Throws what an operation may throw.
   */
  open(tenant: string, client: AbortSignal): OpenedCall;
}

/** google.rpc.Status as ProtoJSON, its code by name. */
export interface RpcStatus {
  readonly status: string;
  readonly message: string;
  readonly details: readonly (Readonly<Record<string, unknown>> & { readonly "@type": string })[];
}

export interface GrpcGateway {
  /** Runs before a message is read, so that strangers cost no memory. Rejects with what `statusOf` maps. */
  admit(request: GrpcRequest, version: A2AGrpcVersion): Promise<GrpcAdmission>;
  /** For health and reflection, which ask for no credential. Throws what `statusOf` maps. */
  admitPublic(request: GrpcRequest): void;
  statusOf(thrown: unknown): RpcStatus;
  /** Whether the node takes work. */
  ready(): boolean;
}
