/** JSON-RPC's envelope (JSON-RPC 2.0; A2A 9). */
import { check, found, type ListedTraits, type WireTarget } from "../check.ts";
import type { HttpAnswer } from "../http-exchange.ts";
import { toReply } from "../json-rpc-channel.ts";
import { isObject, member, shown } from "../json-values.ts";
import { unknownId } from "../target.ts";
import { type ErrorName, expectError } from "../wire-errors.ts";

const rpc = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.11 JSON-RPC", bindings: ["JSONRPC"] }, body);

const envelope = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: unknownId() }, ...more });

const REFUSED: readonly (readonly [string, string, string | (() => string), ErrorName])[] = [
  ["parse-error", "a body that is no JSON is a parse error", '{"jsonrpc": "2.0", "method"', "parse error"],
  ["empty", "an empty body is a parse error", "", "parse error"],
  ["scalar", "a body that is no object is an invalid request", "3", "invalid request"],
  ["batch", "a batch is an invalid request", () => `[${envelope()}]`, "invalid request"],
  ["jsonrpc", "another jsonrpc than 2.0 is an invalid request", () => envelope({ jsonrpc: "1.0" }), "invalid request"],
  [
    "no-method",
    "a request without a method is an invalid request",
    () => envelope({ method: undefined }),
    "invalid request",
  ],
  ["method-type", "a method that is no text is an invalid request", () => envelope({ method: 7 }), "invalid request"],
  ["id-type", "an id that is an object is an invalid request", () => envelope({ id: {} }), "invalid request"],
  ["unknown-method", "an unknown method is not found", () => envelope({ method: "NoSuchMethod" }), "method not found"],
  ["params-type", "params that are a list are invalid", () => envelope({ params: ["x"] }), "invalid params"],
];

export const JSON_RPC_CHECKS = [
  ...REFUSED.map(([name, title, body, error]) =>
    rpc({ id: `AC-1.11-rpc/${name}`, severity: "must", title }, async ({ channel }) => {
      const answer = await channel.raw({ method: "POST", body: typeof body === "string" ? body : body() });
      expectError(toReply(answer), error);
    }),
  ),
  rpc(
    { id: "AC-1.11-rpc/no-id", severity: "must", title: "a request without an id is not answered as if it had one" },
    async ({ channel }) => {
      const answer = await channel.raw({ method: "POST", body: envelope({ id: undefined }) });
      if (answer.text === "") return;
      expectError(toReply(answer), "invalid request");
    },
  ),
  rpc(
    { id: "AC-1.11-rpc/id", severity: "must", title: "an answer has the request's id, text or number" },
    async ({ channel }) => {
      for (const id of ["a text", 12_345]) {
        const { json } = await channel.raw({ method: "POST", body: envelope({ id }) });
        if (member(json, "id") !== id) found(`the id ${shown(member(json, "id"))}`, shown(id));
      }
    },
  ),
  rpc(
    { id: "AC-1.11-rpc/members", severity: "must", title: "an answer has jsonrpc, id, and either result or error" },
    async (target) => {
      const failed = await target.channel.raw({ method: "POST", body: envelope() });
      expectMembers(failed, "error");
      const { id } = await target.tasks.completed();
      expectMembers(
        await target.channel.raw({ method: "POST", body: envelope({ params: tenanted(target, { id }) }) }),
        "result",
      );
    },
  ),
  rpc(
    { id: "AC-1.11-rpc/media-type", severity: "must", title: "answers have the media type application/json" },
    async ({ channel }) => {
      const { headers } = await channel.raw({ method: "POST", body: envelope() });
      const type = headers.get("content-type") ?? "none";
      if (!/^application\/json\s*(;|$)/i.test(type)) found(`content-type ${type}`, "application/json");
    },
  ),
  rpc(
    { id: "AC-1.11-rpc/http-status", severity: "must", title: "an error of a method travels with HTTP 200" },
    async ({ channel }) => {
      const { status } = await channel.raw({ method: "POST", body: envelope() });
      if (status !== 200) found(`HTTP ${status}`, "HTTP 200");
    },
  ),
  rpc(
    {
      id: "AC-1.11-rpc/content-type",
      severity: "must",
      title: "a request of another media type gets a JSON-RPC error",
    },
    async ({ channel }) => {
      const answer = await channel.raw({ method: "POST", body: envelope(), headers: { "content-type": "text/plain" } });
      if (!isObject(answer.json) || member(answer.json, "jsonrpc") !== "2.0")
        found(`HTTP ${answer.status}: ${shown(answer.text)}`, "a JSON-RPC body");
      if (typeof member(answer.json, "error", "code") !== "number") found(shown(answer.text), "an error");
    },
  ),
];

const tenanted = ({ channel }: WireTarget, params: Readonly<Record<string, unknown>>) =>
  channel.address.tenant === undefined ? params : { tenant: channel.address.tenant, ...params };

const expectMembers = ({ json, text }: HttpAnswer, either: "result" | "error"): void => {
  const names = isObject(json) ? Object.keys(json).toSorted().join(", ") : shown(text);
  const expected = ["id", "jsonrpc", either].toSorted().join(", ");
  if (names !== expected) found(names, expected);
  if (member(json, "jsonrpc") !== "2.0") found(`jsonrpc ${shown(member(json, "jsonrpc"))}`, '"2.0"');
};
