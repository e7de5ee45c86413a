/** Snapshots of agents' code in a store that all nodes share, so that each can run what another was given. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { BlobStore } from "@agentcore/core/ports";
import type { CodeSnapshot } from "./read-code.ts";

/** Of blobs that hold agents' code. */
export const CODE_NAMESPACE = "code";

type Files = ReadonlyMap<string, Buffer>;

export const packCode = (files: Files): Buffer =>
  gzipSync(JSON.stringify(Object.fromEntries([...files].map(([name, content]) => [name, content.toString("base64")]))));

export const unpackCode = (bytes: Uint8Array): Files => {
  const contents = JSON.parse(gunzipSync(bytes).toString("utf8")) as Record<string, string>;
  return new Map(Object.entries(contents).map(([name, content]) => [name, Buffer.from(content, "base64")]));
};

export const shareCode = (blobs: BlobStore, tenantId: string, snapshot: CodeSnapshot, files: Files): Promise<void> =>
  blobs.put({ tenantId, namespace: CODE_NAMESPACE }, snapshot.hash, packCode(files));

/** Null when nobody has shared it. */
export const fetchCode = async (blobs: BlobStore, tenantId: string, snapshot: CodeSnapshot): Promise<Files | null> => {
  const bytes = await blobs.get({ tenantId, namespace: CODE_NAMESPACE }, snapshot.hash);
  return bytes === null ? null : unpackCode(bytes);
};
