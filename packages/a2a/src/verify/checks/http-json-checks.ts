/** What is HTTP+JSON's own: paths, methods, media types, and the form of its errors (A2A 11). */
import { z } from "zod";
import { check, found, type ListedTraits, type WireTarget } from "../check.ts";
import type { HttpAnswer } from "../http-exchange.ts";
import { toReply } from "../http-json-channel.ts";
import { isObject, member, shown, textAt } from "../json-values.ts";
import { unknownId } from "../target.ts";
import { expectError } from "../wire-errors.ts";
import { expectShape } from "../wire-shapes.ts";

const rest = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.11 HTTP+JSON", bindings: ["HTTP+JSON"] }, body);

/** google.rpc.Status as A2A 11.6 has it. */
const ErrorBody = z.strictObject({
  error: z.strictObject({
    code: z.int(),
    status: z.string().regex(/^[A-Z_]+$/, { error: "expected a name of google.rpc.Code" }),
    message: z.string(),
    details: z.array(z.looseObject({ "@type": z.string() })).optional(),
  }),
});

const expectJsonError = (answer: HttpAnswer, ...statuses: readonly number[]): void => {
  if (!isObject(member(answer.json, "error")))
    found(`HTTP ${answer.status}: ${shown(answer.text)}`, "a JSON error body");
  if (!statuses.includes(answer.status)) found(`HTTP ${answer.status}`, `HTTP ${statuses.join(" or ")}`);
};

const notFound = ({ channel }: WireTarget) => channel.raw({ method: "GET", path: `/tasks/${unknownId()}` });

export const HTTP_JSON_CHECKS = [
  rest(
    { id: "AC-1.11-rest/unknown-path", severity: "must", title: "an unknown path is a JSON error 404" },
    async ({ channel }) => expectJsonError(await channel.raw({ method: "GET", path: "/noSuchPath" }), 404),
  ),
  rest(
    { id: "AC-1.11-rest/wrong-method", severity: "must", title: "a method that a path does not take is a JSON error" },
    async ({ channel }) =>
      expectJsonError(await channel.raw({ method: "PUT", path: "/message:send", body: "{}" }), 404, 405, 400, 501),
  ),
  rest(
    { id: "AC-1.11-rest/no-json", severity: "must", title: "a body that is no JSON is a JSON error 400" },
    async ({ channel }) =>
      expectJsonError(await channel.raw({ method: "POST", path: "/message:send", body: '{"message":' }), 400),
  ),
  rest(
    { id: "AC-1.11-rest/not-an-object", severity: "must", title: "a body that is no object is a JSON error 400" },
    async ({ channel }) =>
      expectJsonError(await channel.raw({ method: "POST", path: "/message:send", body: "[]" }), 400),
  ),
  rest(
    { id: "AC-1.11-rest/content-type", severity: "must", title: "a body of another media type is a JSON error" },
    async ({ channel }) => {
      const headers = { "content-type": "text/plain" };
      expectJsonError(await channel.raw({ method: "POST", path: "/message:send", body: "hello", headers }), 400, 415);
    },
  ),
  rest(
    { id: "AC-1.11-rest/error-body", severity: "must", title: "an error body is a google.rpc.Status below `error`" },
    async (target) => expectShape(ErrorBody, (await notFound(target)).json, "the error body"),
  ),
  rest(
    {
      id: "AC-1.11-rest/error-code",
      severity: "must",
      title: "an error body says the HTTP status and the name of its code",
    },
    async (target) => {
      const { status, json } = await notFound(target);
      if (member(json, "error", "code") !== status) found(`code ${shown(member(json, "error", "code"))}`, `${status}`);
      const name = textAt(json, "error", "status");
      if (name !== "NOT_FOUND") found(`status ${name}`, "NOT_FOUND");
    },
  ),
  rest(
    { id: "AC-1.11-rest/media-type", severity: "must", title: "answers are application/json or application/a2a+json" },
    async (target) => {
      const type = (await notFound(target)).headers.get("content-type") ?? "none";
      if (!/^application\/(json|a2a\+json)\s*(;|$)/i.test(type))
        found(`content-type ${type}`, "application/json or application/a2a+json");
    },
  ),
  rest(
    { id: "AC-1.2-json-media-type", severity: "must", title: "requests may be application/json as well" },
    async ({ channel }) => {
      const message = { messageId: unknownId(), taskId: unknownId(), role: "ROLE_USER", parts: [{ text: "hello" }] };
      const headers = { "content-type": "application/json" };
      expectError(
        toReply(
          await channel.raw({ method: "POST", path: "/message:send", headers, body: JSON.stringify({ message }) }),
        ),
        "TASK_NOT_FOUND",
      );
    },
  ),
  rest({ id: "AC-1.2-cancel-without-body", severity: "must", title: "a cancel needs no body" }, async ({ channel }) => {
    const headers = { "content-type": undefined };
    expectError(
      toReply(await channel.raw({ method: "POST", path: `/tasks/${unknownId()}:cancel`, headers })),
      "TASK_NOT_FOUND",
    );
  }),
  ...(["GET", "POST"] as const).map((method) =>
    rest(
      { id: `AC-1.2-subscribe/${method}`, severity: "must", title: `a subscription may be a ${method}` },
      async ({ channel, server }) => {
        const isServed = member(server.card, "capabilities", "streaming") === true;
        const reply = toReply(await channel.raw({ method, path: `/tasks/${unknownId()}:subscribe` }));
        expectError(reply, isServed ? "TASK_NOT_FOUND" : "UNSUPPORTED_OPERATION");
      },
    ),
  ),
];
