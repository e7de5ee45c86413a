/**
 * Keeps web pages away from a node that asks for no credential. A page the user visits can reach 127.0.0.1: by DNS
 * rebinding (then the Host header names the attacker's site) or directly (then Origin or Sec-Fetch-Site tells).
 */
import { PlatformError } from "@agentcore/contract";
import type { ConnectionInfo } from "../deps.ts";

const LOOPBACK_NAME = /^(localhost|(.+\.)?localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const LOOPBACK_ADDRESS = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

export const isLoopbackName = (hostname: string): boolean => LOOPBACK_NAME.test(hostname.toLowerCase());

export type OriginGuard = (request: Request, info: ConnectionInfo | undefined) => void;

/** Throws PERMISSION_DENIED. */
export const createOriginGuard = (allowedHosts: readonly string[]): OriginGuard => {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const isTrusted = (hostname: string) => isLoopbackName(hostname) || allowed.has(hostname.toLowerCase());
  // Few distinct hosts ever pass; remembering them spares a parse per request.
  const passed = new Set<string>();

  const checkHost = (host: string): void => {
    if (passed.has(host)) return;
    const hostname = hostnameOf(`http://${host}`);
    if (hostname === null || !isTrusted(hostname)) {
      throw denied(`without API keys this node answers on loopback only, not as "${host.slice(0, 200)}"`);
    }
    if (passed.size < 100) passed.add(host);
  };

  return (request, info) => {
    if (info?.remoteAddress !== undefined && !LOOPBACK_ADDRESS.test(info.remoteAddress)) {
      throw denied("without API keys this node answers on loopback only; configure a key to open it");
    }
    const host = request.headers.get("host");
    checkHost(host ?? new URL(request.url).host);
    const origin = request.headers.get("origin");
    if (origin !== null) {
      const hostname = hostnameOf(origin);
      if (hostname === null || !isTrusted(hostname)) throw denied("requests from other web sites are refused");
    }
    if (request.headers.get("sec-fetch-site") === "cross-site")
      throw denied("requests from other web sites are refused");
  };
};

const hostnameOf = (url: string): string | null => (URL.canParse(url) ? new URL(url).hostname : null);

const denied = (message: string) => new PlatformError("PERMISSION_DENIED", message);
