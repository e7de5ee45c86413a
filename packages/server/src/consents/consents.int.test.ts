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

const declare = (url: string, name = "remote"): Promise<unknown> =>
  node.apply([
    { ...header, kind: "Tool", metadata: { name }, spec: { mcp: { http: { url, auth: { authorizationCode: {} } } } } },
  ]);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-consents-"));
  server = await serveWithConsent();
  node = await start();
  await declare(server.url);
  await node.apply([
    { ...header, kind: "Agent", metadata: { name: "caller" }, spec: { code: { path: code, export: "caller" } } },
  ]);
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
  return response.json();
};

const ADD = { from: "remote", tool: "remote__add", input: { a: 1, b: 2 } };

/** Until it has ended, or asks. */
const run = (as: Person, input: object = ADD) =>
  api(as, "/tasks", { method: "POST", body: { target: "agent:caller", input, wait: true } });

const settled = async (as: Person, taskId: string): Promise<string> => {
  await expect.poll(async () => (await api(as, `/tasks/${taskId}`)).head.state).not.toMatch(/auth-required|working/);
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

interface Browser {
  cookie: string;
}

const NEW_BROWSER = (): Browser => ({ cookie: "" });

/** Clicks on "go on": where it leads. */
const goOn = async (link: string, browser: Browser, headers: Record<string, string> = {}): Promise<Response> => {
  const answer = await fetch(link, {
    method: "POST",
    redirect: "manual",
    headers: { origin: new URL(link).origin, cookie: browser.cookie, ...headers },
  });
  browser.cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? browser.cookie;
  return answer;
};

/** Says yes, or no: where it leads back to. */
const decide = async (at: Response): Promise<string> => {
  expect(at.status).toBe(303);
  const answer = await fetch(at.headers.get("location") ?? "", { redirect: "manual" });
  return answer.headers.get("location") ?? "";
};

const comeBack = (to: string, { cookie }: Browser): Promise<Response> => fetch(to, { headers: { cookie } });

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
    .poll(async () => JSON.stringify(await api("ann", `/tasks/${waiting.head.taskId}/events`)))
    .toContain("retryAt");
  server.isDown = false;
  expect(await settled("ann", waiting.head.taskId)).toBe('{"result":"3"}');
  server.withdraw();
  const anew = await run("ann");
  await consent("ann", linkOf(anew));
  expect(await settled("ann", anew.head.taskId)).toBe('{"result":"3"}');
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
