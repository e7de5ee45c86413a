/** Servers that get who may see what wrong. */
import { cardMember, errorCode, type Mutation, rebuilt, type SeenCall } from "../mutated-server.ts";
import { KEY, OTHER } from "../verified-gateway.ts";
import { type BrokenServer, headersWithout, type Json, message, refuse, without } from "./broken-server.ts";

const ok = (call: SeenCall, value: unknown) => ({
  ...{ status: 200, headers: { "content-type": "application/json" } },
  body: { jsonrpc: "2.0", id: call.id, result: value },
});

function extendedCard(answer: (call: SeenCall, card: unknown) => ReturnType<typeof ok> | undefined): Mutation {
  const declared = cardMember((card) => ({
    ...card,
    capabilities: { ...(card["capabilities"] as Json), extendedAgentCard: true },
  }));
  let card: unknown;
  return {
    answer: async (call, given) => {
      const changed = (await declared.answer?.(call, given)) ?? given;
      if (call.request.url.endsWith("agent-card.json")) card = changed.body;
      return changed;
    },
    instead: (call) => (call.operation === "GetExtendedAgentCard" ? answer(call, card) : undefined),
  };
}

export const ACCESS_SERVERS: readonly BrokenServer[] = [
  [
    "says not found for the extended card",
    errorCode(-32004, -32601, "GetExtendedAgentCard"),
    { fails: "CORE-CAP-003" },
  ],
  [
    "shows everybody the extended card",
    extendedCard((call, card) => ok(call, card)),
    { fails: "CARD-EXT-001", keys: true },
  ],
  [
    "has another form of the extended card",
    extendedCard((call, card) => (call.request.headers.has("authorization") ? ok(call, { card }) : undefined)),
    { fails: "CARD-EXT-002", keys: true },
  ],
  [
    "asks nobody who they are",
    {
      request: (call) =>
        call.request.headers.has("authorization")
          ? undefined
          : rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } }),
    },
    {
      fails: ["CancelTask", "GetTask", "ListTasks", "SendMessage"].map((name) => `AC-1.14-anonymous/${name}`),
      keys: true,
    },
  ],
  [
    "takes any credentials",
    {
      request: (call) =>
        call.request.headers.has("authorization") && call.request.headers.get("authorization") !== `Bearer ${OTHER}`
          ? rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } })
          : undefined,
    },
    { fails: "AC-1.14-wrong-credentials", keys: true },
  ],
  [
    "shows everybody everything",
    {
      request: (call) =>
        call.request.headers.get("authorization") === `Bearer ${OTHER}`
          ? rebuilt(call, { headers: { ...Object.fromEntries(call.request.headers), authorization: `Bearer ${KEY}` } })
          : undefined,
    },
    {
      fails: ["AC-1.14-foreign/CancelTask", "AC-1.14-foreign/GetTask", "AC-1.14-foreign/SendMessage", "CORE-LIST-001"],
      keys: true,
    },
  ],
  [
    "tells of another caller's context",
    {
      instead: (call) =>
        call.request.headers.get("authorization") === `Bearer ${OTHER}` &&
        String(message(call.params)?.["contextId"]).startsWith("context-of")
          ? refuse(call, 403, undefined, -32000)
          : undefined,
    },
    { fails: "AC-1.14-foreign/context", keys: true },
  ],
  [
    "refuses without a challenge",
    {
      answer: (_, answer) => ({
        ...answer,
        headers: without(answer.headers, "www-authenticate") as Record<string, string>,
      }),
    },
    { fails: "AC-1.14-challenge", keys: true },
  ],
  [
    "refuses the right credentials",
    { request: (call) => rebuilt(call, { headers: headersWithout(call, "authorization") }) },
    { fails: "AC-1.14-credentials", atLeast: true, keys: true },
  ],
];
