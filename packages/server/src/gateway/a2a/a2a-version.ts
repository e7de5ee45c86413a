import { PlatformError } from "@agentcore/contract";

/** Versions served, as `Major.Minor`. */
export const A2A_VERSIONS = ["1.0"] as const;

const QUERY_NAME = "A2A-Version";

/** Header first, then query parameter. Empty means 0.3, a patch part is ignored (A2A 3.6). Throws VERSION_NOT_SUPPORTED. */
export const assertVersion = (headers: Headers, url: string): void => {
  const header = headers.get("a2a-version");
  if (header === "1.0") return;
  const asked = (header?.trim() || queryVersion(url) || "0.3").slice(0, 50);
  const match = /^(\d+\.\d+)(\.\d+)?$/.exec(asked);
  if (A2A_VERSIONS.some((version) => version === match?.[1])) return;
  const supported = A2A_VERSIONS.join(", ");
  const hint = header === null && asked === "0.3" ? ' (no A2A-Version header means 0.3; send "A2A-Version: 1.0")' : "";
  throw new PlatformError(
    "VERSION_NOT_SUPPORTED",
    `A2A ${asked} is not supported here: supported are ${supported}${hint}`,
    {
      details: { requestedVersion: asked, supportedVersions: supported },
    },
  );
};

const queryVersion = (url: string): string | null => {
  const mark = url.indexOf("?");
  if (mark === -1) return null;
  return new URLSearchParams(url.slice(mark)).get(QUERY_NAME)?.trim() ?? null;
};
