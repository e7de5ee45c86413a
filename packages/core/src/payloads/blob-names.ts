import { PlatformError } from "@agentcore/contract";
import type { BlobScope } from "../ports/index.ts";

/** Where payloads of tasks lie; what is in it and not referred to is swept. */
export const PAYLOADS = "payloads";

// Enough to hide the way to the store, few enough for its connections and for memory: 128 MiB of the largest payloads.
export const BLOBS_AT_ONCE = 8;

export const MAX_BLOB_BYTES = 256 * 1024 * 1024;
export const MAX_BLOBS_LISTED = 1000;

const NAME = /^[0-9a-f]{64}$/;
const NAMESPACE = /^[a-z][a-z-]{0,62}$/;

/** The name of any blob: a hash of its content, in hexadecimal. */
export const isBlobName = (name: string): boolean => NAME.test(name);

/** Throws INVALID_ARGUMENT: names become parts of paths, so nothing else may stand in them. */
export const checkBlobNamespace = (namespace: string): void => {
  if (!NAMESPACE.test(namespace))
    throw new PlatformError(
      "INVALID_ARGUMENT",
      "a namespace of blobs has lower-case letters and hyphens only, at most 63",
    );
};

/** For every adapter alike. Throws INVALID_ARGUMENT, TOO_LARGE. */
export const checkBlob = ({ namespace }: BlobScope, name: string, bytes?: Uint8Array): void => {
  checkBlobNamespace(namespace);
  if (!isBlobName(name))
    throw new PlatformError("INVALID_ARGUMENT", "a blob's name has 64 lower-case hexadecimal digits");
  if (bytes !== undefined && bytes.byteLength > MAX_BLOB_BYTES)
    throw new PlatformError("TOO_LARGE", `a blob has ${bytes.byteLength} bytes, ${MAX_BLOB_BYTES} are allowed`);
};
