/** Service parameters: the protocol's version and its extensions (A2A 3.2.6, 3.6, 4.6). */
import { check, found, type ListedTraits, OVER_HTTP, skip, type WireTarget } from "../check.ts";
import { listAt, member, textAt } from "../json-values.ts";
import { unknownId } from "../target.ts";
import { describeReply, expectError, isError } from "../wire-errors.ts";

const version = (traits: ListedTraits, body: (target: WireTarget) => Promise<void>) =>
  check({ ...traits, section: "1.12 Version and extensions" }, body);

/** A call that every version answers in its own way, and that makes nothing. */
const probe = ({ channel }: WireTarget, call: Parameters<WireTarget["channel"]["call"]>[2]) =>
  channel.call("GetTask", { id: unknownId() }, call);

const expectRefusal = async (target: WireTarget, stated: string | null): Promise<void> => {
  if (target.server.interfaces.some((each) => each.version === "0.3")) skip("the agent serves 0.3 too");
  expectError(await probe(target, { version: stated }), "VERSION_NOT_SUPPORTED");
};

export const VERSION_CHECKS = [
  version({ id: "VER-SERVER-001", severity: "must", title: "A2A-Version: 1.0 is served" }, async (target) =>
    expectError(await probe(target, {}), "TASK_NOT_FOUND"),
  ),
  version(
    { id: "VER-SERVER-002", severity: "must", title: "a version that is not served is refused" },
    async (target) => expectError(await probe(target, { version: "99.0" }), "VERSION_NOT_SUPPORTED"),
  ),
  version(
    {
      ...{ id: "VER-SERVER-003", severity: "must", bindings: OVER_HTTP },
      title: "no version means 0.3, which an agent of 1.0 alone refuses",
    },
    (target) => expectRefusal(target, null),
  ),
  version(
    {
      ...{ id: "VER-SERVER-003/grpc", severity: "should", bindings: ["GRPC"] },
      title: "no version means 0.3 over gRPC too, where the service's name says 1.0 already",
    },
    (target) => expectRefusal(target, null),
  ),
  version(
    { ...{ id: "AC-1.12-empty", severity: "must", bindings: OVER_HTTP }, title: "an empty version is as none" },
    (target) => expectRefusal(target, ""),
  ),
  version({ id: "VER-CLIENT-002", severity: "must", title: "the patch part of a version is ignored" }, async (target) =>
    expectError(await probe(target, { version: "1.0.7" }), "TASK_NOT_FOUND"),
  ),
  version(
    {
      ...{ id: "AC-1.12-query", severity: "must", bindings: OVER_HTTP },
      title: "the version may stand in the query parameter A2A-Version",
    },
    async (target) => {
      expectError(await probe(target, { version: null, query: { "A2A-Version": "1.0" } }), "TASK_NOT_FOUND");
    },
  ),
  version(
    {
      ...{ id: "AC-1.12-query-refused", severity: "must", bindings: OVER_HTTP },
      title: "a version in the query that is not served is refused",
    },
    async (target) =>
      expectError(await probe(target, { version: null, query: { "A2A-Version": "99.0" } }), "VERSION_NOT_SUPPORTED"),
  ),
  version(
    {
      id: "AC-1.12-unknown-extension",
      severity: "must",
      title: "an extension that the server does not know is ignored",
    },
    async (target) => {
      const uri = "https://example.com/extensions/no-such-extension/v1";
      const required = requiredOf(target);
      const reply = await probe(target, { headers: { "a2a-extensions": [...required, uri].join(", ") } });
      expectError(reply, "TASK_NOT_FOUND");
      if ((reply.header("a2a-extensions") ?? "").includes(uri))
        found("it is named as active", "only those that are known");
    },
  ),
  version(
    { id: "AC-1.12-echo", severity: "should", title: "the answer names the extensions that are active" },
    async (target) => {
      const declared = listAt(target.server.card, "capabilities", "extensions").flatMap(
        (each) => textAt(each, "uri") ?? [],
      );
      if (declared.length === 0) skip("the card declares no extension");
      const { id } = await target.tasks.completed();
      const headers = { "a2a-extensions": declared.join(", ") };
      const reply = await target.channel.call("GetTask", { id, historyLength: 0 }, { headers });
      const active = (reply.header("a2a-extensions") ?? "").split(",").map((uri) => uri.trim());
      const missing = declared.filter((uri) => !active.includes(uri));
      if (missing.length > 0) found(`A2A-Extensions: ${active.join(", ") || "none"}`, declared.join(", "));
    },
  ),
  version(
    { id: "CORE-CAP-004", severity: "must", title: "a client that does not list a required extension is refused" },
    async (target) => {
      if (requiredOf(target).length === 0) skip("the card requires no extension");
      const request = target.tasks.request(target.messages.complete);
      const reply = await target.channel.call("SendMessage", request, { headers: { "a2a-extensions": "" } });
      if (!isError(reply, "EXTENSION_SUPPORT_REQUIRED")) found(describeReply(reply), "EXTENSION_SUPPORT_REQUIRED");
    },
  ),
];

const requiredOf = ({ server }: WireTarget): readonly string[] =>
  listAt(server.card, "capabilities", "extensions")
    .filter((each) => member(each, "required") === true)
    .flatMap((each) => textAt(each, "uri") ?? []);
