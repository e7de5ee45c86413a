/** The node counts the manifests that it is given; whoever wrote them knows files. */
import { relative } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import type { ManifestDocument } from "./read-manifests.ts";

type Manifests = readonly ManifestDocument["manifest"][];

/** Hands the manifests to `take`. An error about the third of them names its file and line instead. */
export const handIn = async <T>(
  documents: readonly ManifestDocument[],
  cwd: string,
  take: (manifests: Manifests) => Promise<T>,
): Promise<T> => {
  try {
    return await take(documents.map(({ manifest }) => manifest));
  } catch (error) {
    if (!PlatformError.is(error)) throw error;
    const number = /^manifest (\d+)\b/.exec(error.message)?.[1];
    const document = number === undefined ? undefined : documents[Number(number) - 1];
    if (document === undefined) throw error;
    const place = `${relative(cwd, document.file) || document.file}:${document.line}`;
    const { violations, details } = error;
    throw new PlatformError(error.code, error.message.replace(/^manifest \d+/, place), {
      cause: error,
      ...(violations && { violations }),
      ...(details && { details }),
    });
  }
};
