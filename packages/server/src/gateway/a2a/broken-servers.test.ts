import { ALL_CHECKS } from "@agentcore/a2a/verify";
import { describe, expect, it } from "vitest";
import { ACCESS_SERVERS } from "../../../test/gateway/broken-servers/access-servers.ts";
import { CARD_SERVERS } from "../../../test/gateway/broken-servers/card-servers.ts";
import { DATA_SERVERS } from "../../../test/gateway/broken-servers/data-servers.ts";
import { HTTP_JSON_SERVERS } from "../../../test/gateway/broken-servers/http-json-servers.ts";
import { JSON_RPC_SERVERS } from "../../../test/gateway/broken-servers/json-rpc-servers.ts";
import { LEGACY_SERVERS } from "../../../test/gateway/broken-servers/legacy-servers.ts";
import { LIST_SERVERS } from "../../../test/gateway/broken-servers/list-servers.ts";
import { PUSH_SERVERS } from "../../../test/gateway/broken-servers/push-servers.ts";
import { SENDING_SERVERS } from "../../../test/gateway/broken-servers/sending-servers.ts";
import { STREAM_SERVERS } from "../../../test/gateway/broken-servers/stream-servers.ts";
import { VERSION_SERVERS } from "../../../test/gateway/broken-servers/version-servers.ts";
import { failures, verify } from "../../../test/gateway/verified-gateway.ts";

const CASES = [
  ...CARD_SERVERS,
  ...JSON_RPC_SERVERS,
  ...HTTP_JSON_SERVERS,
  ...VERSION_SERVERS,
  ...DATA_SERVERS,
  ...SENDING_SERVERS,
  ...LIST_SERVERS,
  ...STREAM_SERVERS,
  ...PUSH_SERVERS,
  ...ACCESS_SERVERS,
  ...LEGACY_SERVERS,
];
const MUST = ALL_CHECKS.filter(({ severity }) => severity === "must").map(({ id }) => id);

/** Those of the sections that the mutation is about: a run of them all takes half a minute over this table. */
const mustsOf = (fails: string | readonly string[]): readonly string[] => {
  const sections = new Set(ALL_CHECKS.flatMap(({ id, section }) => ([fails].flat().includes(id) ? [section] : [])));
  return ALL_CHECKS.flatMap(({ id, section, severity }) => (severity === "must" && sections.has(section) ? [id] : []));
};

describe("a server that", () => {
  it.concurrent.each(CASES)("%s", async (_, mutation, { fails, atLeast, binding = "JSONRPC", ...variant }) => {
    const report = await verify(mutation, { binding, ...variant }, mustsOf(fails));
    const found = [...new Set(failures(report).map((line) => line.split(" ")[0]))].toSorted();
    const expected = [fails].flat().toSorted();
    if (atLeast) expect(found).toEqual(expect.arrayContaining(expected));
    else expect(found, failures(report).join("\n")).toEqual(expected);
  });

  it("breaks a rule is found, whichever must-rule it is", () => {
    const seen = new Set(CASES.flatMap(([, , { fails }]) => fails));
    expect(MUST.filter((id) => !seen.has(id))).toEqual([]);
  });
});
