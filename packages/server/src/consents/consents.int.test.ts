/** Consent to MCP servers on a node with keys: asked by a task, given in a browser, kept for one person, renewed, taken back. */
import { mkdtemp, rm } from "node:fs/promises";
import { type RequestOptions, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type ConsentServer, serveWithConsent } from "../../../mcp/test/consent-server.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/mcp/users-of-tools.ts", import.meta.url));
const header = { apiVersion: "agentcore.dev/v1" };
const KEYS = { ann: "ann-ann-ann-ann-ann-", bob: "bob-bob-bob-bob-bob-", op: "op-op-op-op-op-op-op-" };
type Person = keyof typeof KEYS;

let folder: string;
let node: RunningNode;
let server: ConsentServer;

const start = async (): Promise<RunningNode> => {
  const started = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", env: {} },
    apiKeys: [...[`${KEYS.ann} caller=ann`, `${KEYS.bob} caller=bob`], `${KEYS.op} caller=op role=operator`],
  });
  await started.ready;
  return started;
};

const declare = (url: string, name = "remote", authorizationCode: object = {}): Promise<unknown> =>
  node.apply([
    { ...header, kind: "Tool", metadata: { name }, spec: { mcp: { http: { url, auth: { authorizationCode } } } } },
  ]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-consents-"));
  server = await serveWithConsent();
  node = await start();
  await declare(server.url);
  await node.apply(
    ["caller", "both"].map((name) => ({
      ...{ ...header, kind: "Agent", metadata: { name }, spec: { code: { path: code, export: name } } },
    })),
  );
  return async () => {
    await node.close(0);
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
});

const api = async (as: Person, path: string, { method = "GET", body }: { method?: string; body?: unknown } = {}) => {
  const response = await fetch(`${node.url}/api/v1${path}`, {
    method,
    headers: { "x-api-key": KEYS[as], "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.status === 204 ? null : response.json();
};

const ADD = { from: "remote", tool: "remote__add", input: { a: 1, b: 2 } };

// A machine that has much to do takes more than the second of the default.
const WAIT = { timeout: 10_000 };

/** Until it has ended, or asks. */
const run = (as: Person, input: object = ADD, agent = "caller") =>
  api(as, "/tasks", { method: "POST", body: { target: `agent:${agent}`, input, wait: true } });

const settled = async (as: Person, taskId: string): Promise<string> => {
  await expect
    .poll(async () => (await api(as, `/tasks/${taskId}`)).head.state, WAIT)
    .not.toMatch(/auth-required|working/);
  const { head, task } = await api(as, `/tasks/${taskId}`);
  return head.state === "completed" ? JSON.stringify(task.artifacts[0].parts[0].data) : head.state;
};

interface Asked {
  readonly head: { readonly state: string; readonly taskId: string };
  readonly task: { readonly status: { readonly message: { readonly parts: readonly { readonly data?: unknown }[] } } };
}

const linkOf = ({ head, task }: Asked): string => {
  expect(head.state).toBe("auth-required");
  const asked = task.status.message.parts.find(({ data }) => data !== undefined)?.data;
  return (asked as { readonly authorization: { readonly url: string } }).authorization.url;
};

/** Cookies by their names. */
type Browser = Map<string, string>;

const NEW_BROWSER = (): Browser => new Map();

const visit = async (
  to: string,
  browser: Browser,
  { method = "GET", headers = {} }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Response> => {
  const cookie = [...browser].map(([name, value]) => `${name}=${value}`).join("; ");
  const answer = await fetch(to, { redirect: "manual", method, headers: { cookie, ...headers } });
  for (const set of answer.headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
    if (value === "") browser.delete(name);
    else browser.set(name, value);
  }
  return answer;
};

/** Clicks on "go on": where it leads. */
const goOn = (link: string, browser: Browser, headers: Record<string, string> = {}): Promise<Response> =>
  visit(link, browser, { method: "POST", headers: { origin: new URL(link).origin, ...headers } });

/** Says yes, or no: where it leads back to. */
const decide = async (at: Response): Promise<string> => {
  expect(at.status).toBe(303);
  const answer = await fetch(at.headers.get("location") ?? "", { redirect: "manual" });
  return answer.headers.get("location") ?? "";
};

const comeBack = (to: string, browser: Browser): Promise<Response> => visit(to, browser);

const consent = async (as: string, link: string): Promise<Response> => {
  server.user = as;
  const browser = NEW_BROWSER();
  return comeBack(await decide(await goOn(link, browser)), browser);
};

test("a task asks whoever it works for, their browser brings consent, and it goes on; other people are asked for themselves", async () => {
  const asked = await run("ann");
  const link = linkOf(asked);
  expect(link.startsWith(`${node.url}/oauth/consent/default/`)).toBe(true);
  const page = await fetch(link);
  const shown = await page.text();
  for (const part of ["ann", "caller", asked.head.taskId, "remote", server.origin]) expect(shown).toContain(part);
  expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  const thanks = await consent("Ann Example", link);
  expect([thanks.status, await thanks.text()]).toEqual([200, expect.stringContaining(asked.head.taskId)]);
  expect(await settled("ann", asked.head.taskId)).toBe('{"result":"3"}');
  expect((await run("ann")).head.state).toBe("completed");
  expect((await run("bob")).head.state).toBe("auth-required");
  expect(new Set(server.users)).toEqual(new Set(["Ann Example"]));
  expect([server.registrations, server.grants]).toEqual([1, ["authorization_code"]]);
  expect((await fetch(link)).status).toBe(404);
});

test("tokens stand in no log, no answer and no error", async () => {
  const asked = await run("ann");
  await consent("ann", linkOf(asked));
  await settled("ann", asked.head.taskId);
  const sent = server.tools.requests.map(({ authorization }) => authorization?.replace("Bearer ", ""));
  const [token] = sent.filter((each) => each !== undefined);
  expect(token).toMatch(/./);
  for (const path of [
    `/tasks/${asked.head.taskId}`,
    `/tasks/${asked.head.taskId}/events`,
    "/tools",
    "/tools/remote/consents",
  ]) {
    const response = await fetch(`${node.url}/api/v1${path}`, { headers: { "x-api-key": KEYS.op } });
    expect(await response.text()).not.toContain(token);
  }
});

test("one consent is enough for all tasks of a person that wait for it", async () => {
  const asked = await Promise.all([run("ann"), run("ann"), run("ann")]);
  await consent("ann", linkOf(asked[0]));
  for (const { head } of asked) expect(await settled("ann", head.taskId)).toBe('{"result":"3"}');
});

test("what comes back to another browser, twice, or from another's page, is refused, and nothing is kept", async () => {
  const asked = await run("ann");
  const link = linkOf(asked);
  const [own, other] = [NEW_BROWSER(), NEW_BROWSER()];
  expect((await goOn(link, other, { origin: "https://evil.example" })).status).toBe(403);
  expect((await goOn(link, other, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  const back = await decide(await goOn(link, own));
  // Ann's own link, followed to its end by somebody to whom it was sent from where Ann left.
  expect((await comeBack(back, other)).status).toBe(403);
  expect((await comeBack(back, own)).status).toBe(403);
  expect((await api("ann", "/tools/remote/consents")).items).toEqual([]);
  const again = await decide(await goOn(link, own));
  expect((await comeBack(again, own)).status).toBe(200);
  expect((await comeBack(again, own)).status).toBe(403);
  expect(await settled("ann", asked.head.taskId)).toBe('{"result":"3"}');
  for (const [path, status] of [
    ["/oauth/callback?state=default.0&code=x", 403],
    ["/oauth/callback", 403],
    [`/oauth/consent/default/${"0".repeat(64)}`, 404],
    ["/oauth/consent/Default%2F/1", 404],
  ] as const)
    expect([path, (await fetch(`${node.url}${path}`)).status]).toEqual([path, status]);
});

test("who says no is asked again by the same link", async () => {
  const asked = await run("ann");
  server.consents = false;
  const refused = await consent("ann", linkOf(asked));
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining("access_denied")]);
  expect((await api("ann", `/tasks/${asked.head.taskId}`)).head.state).toBe("auth-required");
  server.consents = true;
  await consent("ann", linkOf(asked));
  expect(await settled("ann", asked.head.taskId)).toBe('{"result":"3"}');
});

test("tokens are renewed once, however many calls find them expired; and asked for anew when they cannot be", async () => {
  const asked = await run("ann");
  await consent("ann", linkOf(asked));
  await settled("ann", asked.head.taskId);
  server.expire();
  const results = await Promise.all(Array.from({ length: 8 }, () => run("ann")));
  expect(results.map(({ head }) => head.state)).toEqual(results.map(() => "completed"));
  expect(server.grants).toEqual(["authorization_code", "refresh_token"]);
  server.expire();
  server.isDown = true;
  const waiting = await api("ann", "/tasks", { method: "POST", body: { target: "agent:caller", input: ADD } });
  await expect
    .poll(async () => JSON.stringify(await api("ann", `/tasks/${waiting.head.taskId}/events`)), WAIT)
    .toContain("retryAt");
  server.isDown = false;
  expect(await settled("ann", waiting.head.taskId)).toBe('{"result":"3"}');
  server.withdraw();
  const anew = await run("ann");
  await consent("ann", linkOf(anew));
  expect(await settled("ann", anew.head.taskId)).toBe('{"result":"3"}');
});

test("a fork of a task that waits for consent asks whoever forked it, by a link of its own, and neither is answered by the other's", async () => {
  const asked = await run("ann");
  const { head } = await api("op", `/tasks/${asked.head.taskId}/fork`, { method: "POST", body: {} });
  await expect.poll(async () => (await api("op", `/tasks/${head.taskId}`)).head.state, WAIT).toBe("auth-required");
  const fork = await api("op", `/tasks/${head.taskId}`);
  expect(linkOf(fork)).not.toBe(linkOf(asked));
  const shown = await (await visit(linkOf(fork), NEW_BROWSER())).text();
  for (const part of ["op", head.taskId]) expect(shown).toContain(part);
  await consent("op", linkOf(fork));
  expect(await settled("op", head.taskId)).toBe('{"result":"3"}');
  expect((await api("ann", `/tasks/${asked.head.taskId}`)).head.state).toBe("auth-required");
  await consent("ann", linkOf(asked));
  expect(await settled("ann", asked.head.taskId)).toBe('{"result":"3"}');
});

test("a tool that is called by hand says where consent is given", async () => {
  const body = { tool: "add", input: { a: 1, b: 2 } };
  const refused = await api("op", "/tools/remote/call", { method: "POST", body });
  expect(refused.error).toMatchObject({ code: "UNAUTHENTICATED", details: { consent: { manifest: "remote" } } });
  expect((await consent("op", refused.error.details.consent.url)).status).toBe(200);
  expect(await api("op", "/tools/remote/call", { method: "POST", body })).toEqual({ result: "3" });
});

test("consent is taken back by whoever gave it and by operators, and each is shown what is theirs", async () => {
  for (const person of ["ann", "bob"] as const) {
    const asked = await run(person);
    await consent(person, linkOf(asked));
    await settled(person, asked.head.taskId);
  }
  const callers = async (as: Person): Promise<readonly string[]> =>
    (await api(as, "/tools/remote/consents")).items.map(({ caller }: { readonly caller: string }) => caller).toSorted();
  expect([await callers("op"), await callers("ann")]).toEqual([["ann", "bob"], ["ann"]]);
  // Which Tools there are is for operators to know.
  expect((await api("ann", "/tools/absent/consents")).items).toEqual([]);
  const nothing = (await api("ann", "/tools/absent/consents", { method: "DELETE" })).error;
  expect([nothing.code, nothing.message.includes("remote")]).toEqual(["NOT_FOUND", false]);
  expect((await api("op", "/tools/absent/consents")).error.message).toContain("remote");
  expect((await api("ann", "/tools/remote/consents?caller=bob", { method: "DELETE" })).error.code).toBe(
    "PERMISSION_DENIED",
  );
  await api("ann", "/tools/remote/consents", { method: "DELETE" });
  await api("op", "/tools/remote/consents?caller=bob", { method: "DELETE" });
  expect(await callers("op")).toEqual([]);
  expect((await run("ann")).head.state).toBe("auth-required");
});

test("tokens never go to where the manifest points by now", async () => {
  const asked = await run("ann");
  await consent("ann", linkOf(asked));
  await settled("ann", asked.head.taskId);
  const thief = await serveWithConsent();
  onTestFinished(() => thief.close());
  await declare(thief.url);
  expect((await run("ann")).head.state).toBe("auth-required");
  expect(thief.tools.requests.concat()).toEqual([]);
  await declare(server.url);
  expect((await run("ann")).head.state).toBe("completed");
});

test("without keys, a browser that is led here from elsewhere sees the pages, and no page of others does", async () => {
  const own = await mkdtemp(join(tmpdir(), "agentcore-consents-"));
  const open = await startNode({ port: 0, dataDirectory: own, logLevel: "error", env: {} });
  onTestFinished(async () => {
    await open.close(0);
    await rm(own, { recursive: true, force: true });
  });
  await open.ready;
  const link = `${open.url}/oauth/consent/default/${"0".repeat(64)}`;
  const led = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  // fetch() would say of itself how it was called.
  const statusOf = (to: string, options: RequestOptions): Promise<readonly [number | undefined, string]> =>
    new Promise((resolve, reject) => {
      request(to, options, (answer) => {
        text(answer).then(
          (body) => resolve([answer.statusCode, body.includes("other web sites") ? "as a foreign page's" : ""]),
          reject,
        );
      })
        .once("error", reject)
        .end();
    });
  expect(await statusOf(link, { headers: led })).toEqual([404, ""]);
  expect(await statusOf(`${open.url}/oauth/callback?state=x`, { headers: led })).toEqual([403, ""]);
  for (const init of [
    { headers: { ...led, "sec-fetch-dest": "iframe" } },
    { headers: { ...led, "sec-fetch-mode": "no-cors" } },
    { method: "POST", headers: led },
  ])
    expect(await statusOf(link, init)).toEqual([403, "as a foreign page's"]);
  expect(await statusOf(`${open.url}/api/v1/tasks`, { headers: led })).toEqual([403, "as a foreign page's"]);
});

test("a node that was stopped while it waited takes consent as before", async () => {
  const asked = await run("ann");
  const { pathname } = new URL(linkOf(asked));
  await node.close(0);
  node = await start();
  await consent("ann", `${node.url}${pathname}`);
  expect(await settled("ann", asked.head.taskId)).toBe('{"result":"3"}');
});

test("calls of one task that want consent at once ask one question, and one consent answers it", async () => {
  const asked = await run("ann", {}, "both");
  await consent("ann", linkOf(asked));
  expect(await settled("ann", asked.head.taskId)).toBe('{"lists":2}');
});

test("whoever is back is known to the server as the node that they left from, whoever else begins meanwhile", async () => {
  const [anns, bobs] = [await run("ann"), await run("bob")];
  const browser = NEW_BROWSER();
  const back = await decide(await goOn(linkOf(anns), browser));
  // The second time the node registers anew.
  for (let times = 0; times < 2; times++) await goOn(linkOf(bobs), NEW_BROWSER());
  expect(server.registrations).toBeGreaterThan(1);
  expect((await comeBack(back, browser)).status).toBe(200);
  expect(await settled("ann", anns.head.taskId)).toBe('{"result":"3"}');
});

test("a code is sent once, also one that is refused", async () => {
  const browser = NEW_BROWSER();
  const back = new URL(await decide(await goOn(linkOf(await run("ann")), browser)));
  back.searchParams.set("code", "another");
  expect((await comeBack(back.href, browser)).status).toBe(401);
  expect(server.grants).toEqual(["authorization_code"]);
});

test("what comes of a consent that was begun goes to no server that the manifest names since, nor is it kept where the manifest has gone", async () => {
  const thief = await serveWithConsent();
  onTestFinished(() => thief.close());
  server.describesItself = false;
  thief.describesItself = false;
  const registered = await fetch(`${server.origin}/register`, {
    ...{ method: "POST", body: JSON.stringify({ redirect_uris: [`${node.url}/oauth/callback`] }) },
  });
  const known = { clientId: (await registered.json()).client_id, issuer: server.origin };
  await declare(server.url, "remote", known);
  const link = linkOf(await run("ann"));
  const browser = NEW_BROWSER();
  const back = await decide(await goOn(link, browser));
  await declare(thief.url, "remote", known);
  expect((await comeBack(back, browser)).status).toBe(409);
  expect((await run("ann")).head.state).toBe("auth-required");
  expect(thief.sent).toEqual([]);
  await declare(server.url);
  const again = linkOf(await run("ann"));
  const late = await decide(await goOn(again, browser));
  server.onToken = async () => {
    await api("op", "/manifests/Tool/remote", { method: "DELETE" });
  };
  expect((await comeBack(late, browser)).status).toBe(404);
  await declare(server.url);
  expect((await run("ann")).head.state).toBe("auth-required");
});

test("whoever's tokens are renewed no more, for whatever reason, or not taken when they are new, is asked again", async () => {
  const first = await run("ann");
  await consent("ann", linkOf(first));
  await settled("ann", first.head.taskId);
  server.expire();
  server.renewalError = "bad_refresh_token";
  const second = await run("ann");
  await consent("ann", linkOf(second));
  expect(await settled("ann", second.head.taskId)).toBe('{"result":"3"}');
  server.renewalError = null;
  server.refusesAll = true;
  const third = await run("ann");
  const link = linkOf(third);
  server.refusesAll = false;
  await consent("ann", link);
  expect(await settled("ann", third.head.taskId)).toBe('{"result":"3"}');
});

test("one browser may be asked by several links at once", async () => {
  await declare(server.url, "program");
  const browser = NEW_BROWSER();
  const asked = [await run("ann"), await run("ann", { ...ADD, from: "program", tool: "program__add" })];
  const backs: string[] = [];
  for (const each of asked) backs.push(await decide(await goOn(linkOf(each), browser)));
  for (const back of backs) expect((await comeBack(back, browser)).status).toBe(200);
  for (const { head } of asked) expect(await settled("ann", head.taskId)).toBe('{"result":"3"}');
  expect([...browser]).toEqual([]);
});

test("a token that is given to one task in place of consent has all go on that wait for the same", async () => {
  const before = await run("bob");
  await consent("bob", linkOf(before));
  await settled("bob", before.head.taskId);
  const value = server.sent.at(-1)?.replace("Bearer ", "");
  const [one, other] = [await run("ann"), await run("ann")];
  await api("ann", `/tasks/${one.head.taskId}/authorize`, {
    ...{ method: "POST", body: { credential: { type: "bearer", value } } },
  });
  for (const { head } of [one, other]) expect(await settled("ann", head.taskId)).toBe('{"result":"3"}');
});

test("what nobody can have begun is refused in words, and the pages say nothing of other manifests", async () => {
  await declare(server.url, "program");
  const back = await fetch(`${node.url}/oauth/callback?code=x&state=${encodeURIComponent(`\0.${"0".repeat(64)}`)}`);
  expect(back.status).toBe(403);
  const link = linkOf(await run("ann"));
  await api("op", "/manifests/Tool/remote", { method: "DELETE" });
  const page = await fetch(link);
  expect(page.status).toBe(404);
  expect(await page.text()).not.toContain("program");
});
