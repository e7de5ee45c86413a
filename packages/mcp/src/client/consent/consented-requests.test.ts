import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import type { ConsentTerms } from "./consent-flow.ts";
import type { ConsentKeeper, KeptConsent } from "./consent-keeper.ts";
import { consentedRequests } from "./consented-requests.ts";
import { WantsConsent } from "./wants-consent.ts";

const TERMS: ConsentTerms = {
  ...{ what: "desk", url: "https://desk.example/mcp", client: null, redirectUrl: "https://node.example/back" },
  fetch: () => Promise.reject(new Error("nothing is asked for")),
};

const open = (first: string) => {
  const held: { kept: KeptConsent | null; renewed: string[]; isStuck: boolean } = {
    ...{ kept: { accessToken: first }, renewed: [], isStuck: false },
  };
  const keeper: ConsentKeeper = {
    kept: async () => held.kept,
    async renew(before, renewing) {
      held.renewed.push(before.accessToken);
      if (!held.isStuck) held.kept = await renewing();
    },
    client: async () => null,
    keepClient: async () => undefined,
  };
  const { provider, onAnswer } = consentedRequests(TERMS, keeper);
  /** As the transport does: `refuse` tells it of a 401. */
  const send = async () => {
    const token = await provider.token();
    const response = new Response(null, { status: 401 });
    onAnswer(new Headers({ authorization: `Bearer ${token}` }), response);
    return {
      refuse: async () => provider.onUnauthorized?.({ response, serverUrl: new URL(TERMS.url), fetchFn: fetch }),
    };
  };
  return { held, send };
};

test("what is refused of the token of before takes nothing from the one that came since, though that was sent already", async () => {
  const { held, send } = open("old");
  const slow = await send();
  held.kept = { accessToken: "new" };
  await send();
  await slow.refuse();
  expect([held.kept, held.renewed]).toEqual([{ accessToken: "new" }, []]);
});

test("a token that is refused and cannot be renewed has the person asked", async () => {
  const { held, send } = open("old");
  await expect((await send()).refuse()).rejects.toThrow(WantsConsent);
  expect([held.kept, held.renewed]).toEqual([null, ["old"]]);
});

test("one that another renews for too long is waited for, and nobody is asked", async () => {
  const { held, send } = open("old");
  held.isStuck = true;
  const error = await (await send()).refuse()?.catch((thrown: unknown) => thrown);
  expect(PlatformError.is(error) && [error.code, error.retryable]).toEqual(["UPSTREAM_FAILED", true]);
});
