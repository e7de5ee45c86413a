/** Snapshots of agents' code in a store that all nodes share, so that each can run what another was given. */
import { gunzipSync, gzipSync } from "node:zlib";
import { PlatformError } from "@agentcore/contract";
import type { BlobStore } from "@agentcore/core/ports";
import { z } from "zod";
import { type CodeSnapshot, hashOfCode } from "./read-code.ts";

/** Of blobs that hold agents' code. */
export const CODE_NAMESPACE = "code";

type Files = ReadonlyMap<string, Buffer>;

const Packed = z.record(z.string(), z.base64());
// The largest code is 20 MiB, a third more in base64, and names.
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

export const packCode = (files: Files): Buffer =>
  gzipSync(JSON.stringify(Object.fromEntries([...files].map(([name, content]) => [name, content.toString("base64")]))));

/** Throws PAYLOAD_UNREADABLE for what is not the code of that hash: whoever may write the store must not choose what runs. */
export const unpackCode = (bytes: Uint8Array, hash: string): Files => {
  const files = filesOf(bytes, hash);
  if (hashOfCode(files) !== hash) throw changed(hash, "its content has another hash");
  return files;
};

const filesOf = (bytes: Uint8Array, hash: string): Files => {
  try {
    const contents = Packed.parse(
      JSON.parse(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }).toString("utf8")),
    );
    return new Map(Object.entries(contents).map(([name, content]) => [name, Buffer.from(content, "base64")]));
  } catch (cause) {
    throw changed(hash, cause instanceof Error ? cause.message : String(cause), cause);
  }
};

const changed = (hash: string, why: string, cause?: unknown): PlatformError =>
  new PlatformError(
    "PAYLOAD_UNREADABLE",
    `the code ${hash} was changed where it is kept (${why}); apply its agent again, from the same files`,
    cause === undefined ? {} : { cause },
  );

/** Also in the place of what was changed since it was shared. */
export const shareCode = async (
  blobs: BlobStore,
  tenantId: string,
  snapshot: CodeSnapshot,
  files: Files,
): Promise<void> => {
  const scope = { tenantId, namespace: CODE_NAMESPACE };
  const isWhole = await fetchCode(blobs, tenantId, snapshot).then(
    () => true,
    (error: unknown) => {
      if (PlatformError.is(error) && error.code === "PAYLOAD_UNREADABLE") return false;
      throw error;
    },
  );
  // A put keeps the bytes that are there.
  if (!isWhole) await blobs.delete(scope, snapshot.hash);
  await blobs.put(scope, snapshot.hash, packCode(files));
};

/** Null when nobody has shared it. Throws PAYLOAD_UNREADABLE when it is not what was shared. */
export const fetchCode = async (blobs: BlobStore, tenantId: string, snapshot: CodeSnapshot): Promise<Files | null> => {
  const bytes = await blobs.get({ tenantId, namespace: CODE_NAMESPACE }, snapshot.hash);
  return bytes === null ? null : unpackCode(bytes, snapshot.hash);
};
