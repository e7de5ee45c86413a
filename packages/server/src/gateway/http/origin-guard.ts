/**
 * Keeps web pages away from a node that asks for no credential. A page the user visits can reach 127.0.0.1: by DNS
 * rebinding (then the Host header names the attacker's site) or directly (then Origin or Sec-Fetch-Site tells).
 */
import { PlatformError } from "@agentcore/contract";
import type { ConnectionInfo } from "../deps/connection-info.ts";

// Names below localhost lead here too (RFC 6761), but anybody's page may have one: none but the configured is accepted.
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const LOOPBACK_NAME = /^(.+\.)?localhost$/;
const LOOPBACK_ADDRESS = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;

/** Whether the name leads to this machine only. */
export const isLoopbackName = (hostname: string): boolean =>
  LOOPBACK_HOST.test(hostname.toLowerCase()) || LOOPBACK_NAME.test(hostname.toLowerCase());

/** `isLinked`: links of others may lead a person there, in a window of their own. @default false */
export type OriginGuard = (
  request: Pick<Request, "headers" | "url"> & Partial<Pick<Request, "method">>,
  info: ConnectionInfo | undefined,
  isLinked?: boolean,
) => void;

/** `publicUrl` is where clients reach the node; its host and origin are accepted besides loopback. Throws PERMISSION_DENIED. */
export const createOriginGuard = (publicUrl: () => string): OriginGuard => {
  // Few distinct hosts ever pass; remembering them spares a parse per request.
  const passed = new Set<string>();

  const checkHost = (host: string): void => {
    if (passed.has(host)) return;
    const url = URL.parse(`http://${host}`);
    if (url === null || !(LOOPBACK_HOST.test(url.hostname) || url.hostname === new URL(publicUrl()).hostname)) {
      throw denied(`without API keys this node answers on loopback only, not as "${host.slice(0, 200)}"`);
    }
    if (passed.size < 100) passed.add(host);
  };

  /** `protocol` is that of the request: the node's port speaks only one. */
  const isOwnOrigin = (origin: string, protocol: string, localPort: number | undefined): boolean => {
    const own = new URL(publicUrl());
    if (origin === own.origin) return true;
    const url = URL.parse(origin);
    // Another port of this machine is another program, and its pages are not ours.
    return (
      url !== null &&
      url.protocol === protocol &&
      LOOPBACK_HOST.test(url.hostname) &&
      portOf(url) === (localPort ?? portOf(own))
    );
  };

  return (request, info, isLinked = false) => {
    if (info?.remoteAddress !== undefined && !LOOPBACK_ADDRESS.test(info.remoteAddress)) {
      throw denied("without API keys this node answers on loopback only; configure a key to open it");
    }
    // gRPC has the host in the URL, as the client wrote it.
    checkHost(request.headers.get("host") ?? URL.parse(request.url)?.host ?? "");
    const origin = request.headers.get("origin");
    const site = request.headers.get("sec-fetch-site");
    const protocol = request.url.startsWith("https:") ? "https:" : "http:";
    if (origin !== null && !isOwnOrigin(origin, protocol, info?.localPort)) throw foreign();
    // "same-site" is another port of the same name; "none" is a person at the address bar.
    if (site === null || site === "same-origin" || site === "none") return;
    if (!isLinked || !isNavigation(request)) throw foreign();
  };
};

/** Shown to the person, and to no page. */
const isNavigation = ({ method, headers }: Parameters<OriginGuard>[0]): boolean =>
  method === "GET" && headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";

const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80));

const foreign = () => denied("requests from other web sites are refused");

const denied = (message: string) => new PlatformError("PERMISSION_DENIED", message);
