import { PlatformError } from "@agentcore/contract";
import { isLoopbackName } from "./origin-guard.ts";

/**
 * Where clients reach the node, without a trailing slash: what cards, the catalogue and the API's description name. Throws
 * CONFIG_INVALID, also for an address of the world while no key is asked for.
 */
export const parsePublicUrl = (text: string, authenticated: boolean): string => {
  const refuse = (why: string) => new PlatformError("CONFIG_INVALID", `the public URL: ${why}`);
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw refuse("expected an http:// or https:// address, such as https://agents.example.com");
  if (url.username !== "" || url.password !== "") throw refuse("expected no user or password in it");
  if (url.search !== "" || url.hash !== "" || /[?#]/.test(text)) throw refuse("expected no query or fragment in it");
  if (!authenticated && !isLoopbackName(url.hostname))
    throw refuse(
      `${url.hostname} needs API keys or an auth file: without them anyone who can reach this node is its operator`,
    );
  return url.href.replace(/\/+$/, "");
};
