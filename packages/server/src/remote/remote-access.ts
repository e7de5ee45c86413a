/** What a remote agent says of the access that it waits for, as a request of ours. A2A has words for it only; data is read where it is plain. */
import { AuthorizationAsked, AuthorizationName, type Part } from "@agentcore/contract";
import type { AuthorizationRequest } from "@agentcore/contract/authoring";
import { textOf } from "./remote-task.ts";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const { scopes: Scopes, url: Url } = AuthorizationAsked.shape;

/** Members that are not as they should be are left out; the access is called after the agent when nothing else names it. */
export const readAccessRequest = (agent: string, parts: readonly Part[]): AuthorizationRequest => {
  const data = parts.map((part) => part.data).find(isObject) ?? {};
  const given = isObject(data["authorization"]) ? data["authorization"] : data;
  const name = AuthorizationName.safeParse(given["name"]);
  const scopes = Scopes.safeParse(given["scopes"]);
  const url = Url.safeParse(given["url"]);
  return {
    prompt: wordsOf(parts) || `agent ${agent} asks for access`,
    name: name.success ? name.data : agent,
    ...(scopes.data === undefined ? {} : { scopes: scopes.data }),
    ...(url.data === undefined ? {} : { url: url.data }),
  };
};

// What this platform adds to its own questions, and would add again.
const OWN_LINES = /^(?:Access asked for: |Give consent at )/;

const wordsOf = (parts: readonly Part[]): string =>
  textOf(parts)
    .split("\n")
    .filter((line) => !OWN_LINES.test(line))
    .join("\n")
    .trim();
