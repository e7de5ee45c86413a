/** Snapshots of agents' code in a store that all nodes share, so that each can run what another was given. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { BlobStore } from "@agentcore/core/ports";
import type { CodeSnapshot } from "./read-code.ts";

const NAMESPACE = "code";

type Files = ReadonlyMap<string, Buffer>;

export const shareCode = async (
  blobs: BlobStore,
  tenantId: string,
  snapshot: CodeSnapshot,
  files: Files,
): Promise<void> => {
  const contents = Object.fromEntries([...files].map(([name, content]) => [name, content.toString("base64")]));
  await blobs.put({ tenantId, namespace: NAMESPACE }, snapshot.hash, gzipSync(JSON.stringify(contents)));
};

/** Null when nobody has shared it. */
export const fetchCode = async (blobs: BlobStore, tenantId: string, snapshot: CodeSnapshot): Promise<Files | null> => {
  const bytes = await blobs.get({ tenantId, namespace: NAMESPACE }, snapshot.hash);
  if (bytes === null) return null;
  const contents = JSON.parse(gunzipSync(bytes).toString("utf8")) as Record<string, string>;
  return new Map(Object.entries(contents).map(([name, content]) => [name, Buffer.from(content, "base64")]));
};
