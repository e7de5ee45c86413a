import { A2A_VERSIONS, type A2AVersion, PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps/agents.ts";

const QUERY_NAME = "A2A-Version";

/**
 * What the client says that it speaks: the header, else the query parameter, without a patch part (A2A 3.6). Null when it
 * says nothing. Any text may come; `assertServed` judges it.
 */
export const statedVersion = (headers: Headers, url: string): string | null => {
  const header = headers.get("a2a-version");
  if (header === "1.0") return header;
  const stated = header?.trim() || queryVersion(url) || null;
  return stated === null ? null : (/^(\d+\.\d+)\.\d+$/.exec(stated)?.[1] ?? stated.slice(0, 50));
};

/** Newest first, whatever the order in the manifest: clients take the first interface that they can. */
export const servedVersions = ({ a2aVersions }: AgentDescription): readonly A2AVersion[] =>
  a2aVersions === undefined ? A2A_VERSIONS : A2A_VERSIONS.filter((version) => a2aVersions.includes(version));

/**
 * What a request means that states no version: 0.3 [VER-SERVER-003]. Of an agent that serves both, `isOnlyOfNewest` (a method or path
 * that 1.0 alone has) means 1.0, since nothing else can be meant; one that serves 1.0 alone has to refuse it (`assertServed`).
 */
export const impliedVersion = (agent: AgentDescription, isOnlyOfNewest: boolean): A2AVersion =>
  isOnlyOfNewest && servedVersions(agent).length === A2A_VERSIONS.length ? "1.0" : "0.3";

/** Throws VERSION_NOT_SUPPORTED. */
export function assertServed(agent: AgentDescription, version: string): asserts version is A2AVersion {
  const served: readonly string[] = servedVersions(agent);
  if (served.includes(version)) return;
  const supported = served.join(", ");
  throw new PlatformError(
    "VERSION_NOT_SUPPORTED",
    `A2A ${version} is not supported here: supported are ${supported} (a request without A2A-Version means 0.3)`,
    { details: { requestedVersion: version, supportedVersions: supported } },
  );
}

/**
 * Over gRPC the service's name says the version, so nothing has to be stated; the SDK's client states it, others do not. Throws
 * VERSION_NOT_SUPPORTED for another one.
 */
export const assertStatedVersion = (headers: Headers, served: string): void => {
  const stated = headers.get("a2a-version")?.trim().slice(0, 50) ?? "";
  if (stated === "" || /^(\d+\.\d+)(\.\d+)?$/.exec(stated)?.[1] === served) return;
  throw new PlatformError("VERSION_NOT_SUPPORTED", `A2A ${stated} is not what this service speaks: it is ${served}`, {
    details: { requestedVersion: stated, supportedVersions: served },
  });
};

const queryVersion = (url: string): string | null => {
  const mark = url.indexOf("?");
  if (mark === -1) return null;
  return new URLSearchParams(url.slice(mark)).get(QUERY_NAME)?.trim() ?? null;
};
