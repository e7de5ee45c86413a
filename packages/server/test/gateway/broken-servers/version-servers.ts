/** Servers that get versions and extensions wrong. */
import { rebuilt } from "../mutated-server.ts";
import { EXTENSION } from "../verified-gateway.ts";
import { type BrokenServer, headersWithout, refuse } from "./broken-server.ts";

export const VERSION_SERVERS: readonly BrokenServer[] = [
  [
    "does not look at the version",
    { request: (call) => rebuilt(call, { headers: { ...headersWithout(call, "a2a-version"), "a2a-version": "1.0" } }) },
    { fails: ["VER-SERVER-002", "VER-SERVER-003", "AC-1.12-empty", "AC-1.12-query-refused"] },
  ],
  [
    "refuses a patch part",
    {
      instead: (call) =>
        call.request.headers.get("a2a-version") === "1.0.7"
          ? refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)
          : undefined,
    },
    { fails: "VER-CLIENT-002" },
  ],
  [
    "does not look at the query",
    { request: (call) => rebuilt(call, { url: call.request.url.replace(/\?A2A-Version=[^&]*/, "") }) },
    { fails: "AC-1.12-query" },
  ],
  [
    "refuses unknown extensions",
    {
      instead: (call) =>
        call.request.headers.get("a2a-extensions")?.includes("no-such")
          ? refuse(call, 400, "EXTENSION_SUPPORT_REQUIRED", -32008)
          : undefined,
    },
    { fails: "AC-1.12-unknown-extension" },
  ],
  [
    "does not ask for required extensions",
    {
      request: (call) =>
        rebuilt(call, { headers: { ...headersWithout(call, "a2a-extensions"), "a2a-extensions": EXTENSION } }),
    },
    { fails: "CORE-CAP-004", extension: true },
  ],
  [
    "serves no version at all",
    { instead: (call) => (call.operation === "card" ? undefined : refuse(call, 400, "VERSION_NOT_SUPPORTED", -32009)) },
    { fails: "VER-SERVER-001", atLeast: true },
  ],
  [
    "is not there",
    {
      instead: (call) =>
        call.operation === "card"
          ? undefined
          : { status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
    },
    { fails: "BIND-FIELD-001", atLeast: true },
  ],
];
