/** Tools of servers that want a person's consent: asked once, kept across deaths, taken as a token, refused. */
import { type Credential, PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";
import type { ToolCaller, ToolProvider } from "../ports/index.ts";

/** A server with one tool, `look`, that wants consent to list and to call. */
class ShyServer implements ToolProvider {
  /** Callers who have consented. */
  readonly consented = new Set<string>();
  readonly tokens: string[] = [];
  readonly calls: string[] = [];
  /** When somebody looks whether there is consent. */
  onLook: (caller: string) => void = () => undefined;
  /** Wants it again however often it is given. */
  isInsatiable = false;

  readonly consents = {
    given: async ({ caller }: ToolCaller): Promise<boolean> => {
      this.onLook(caller);
      return this.consented.has(caller);
    },
    keep: async ({ caller }: ToolCaller, _manifest: string, { type, value }: Credential): Promise<void> => {
      if (type !== "bearer") throw new PlatformError("INVALID_ARGUMENT", "desk takes a bearer token");
      this.tokens.push(value);
      this.consented.add(caller);
    },
  };

  private judge({ caller, taskId }: ToolCaller): void {
    if (this.consented.has(caller) && !this.isInsatiable) return;
    const consent = { manifest: "desk", url: `https://node.test/consent/${taskId}`, scopes: ["read"] };
    throw new PlatformError("UNAUTHENTICATED", "desk wants consent", { details: { consent } });
  }

  async list(caller: ToolCaller): ReturnType<ToolProvider["list"]> {
    this.judge(caller);
    const hints = { readOnly: true };
    return [{ name: "desk__look", origin: "look", description: "Looks", inputJsonSchema: { type: "object" }, hints }];
  }

  async call(caller: ToolCaller, { idempotencyKey }: { readonly idempotencyKey: string }): Promise<unknown> {
    this.judge(caller);
    this.calls.push(idempotencyKey);
    return "seen";
  }
}

const clerk = define(
  "clerk",
  async (_, ctx) => {
    const [look] = await ctx.tools("desk");
    return look === undefined ? "nothing" : ctx.tool(look, {});
  },
  { tools: [{ declared: "desk" }] },
);

const asked = async (world: EngineWorld, taskId: string) =>
  (await world.log(taskId)).flatMap((event) => (event.type === "task.authRequired" ? [event.data.authorization] : []));

test("whoever the task works for is asked for consent, and the call that wanted it is made again", async () => {
  const server = new ShyServer();
  const world = new EngineWorld([clerk], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  expect(await world.state(taskId)).toBe("auth-required");
  expect(await asked(world, taskId)).toMatchObject([
    { name: "tools/desk", url: `https://node.test/consent/${taskId}`, scopes: ["read"] },
  ]);
  server.consented.add("ann");
  await world.authorize(taskId);
  expect(outputOf(await world.last(taskId))).toBe("seen");
  expect(server.calls).toHaveLength(1);
});

test("consent that is lost between listing and calling is asked for again", async () => {
  const server = new ShyServer();
  server.consented.add("ann");
  const forgetful = define(
    "clerk",
    async (_, ctx) => {
      const [look] = await ctx.tools("desk");
      await ctx.step("withdraw", () => server.consented.clear());
      return look === undefined ? "nothing" : ctx.tool(look, {});
    },
    { tools: [{ declared: "desk" }] },
  );
  const world = new EngineWorld([forgetful], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  expect(await world.state(taskId)).toBe("auth-required");
  server.consented.add("ann");
  await world.authorize(taskId);
  expect(outputOf(await world.last(taskId))).toBe("seen");
  expect(server.calls).toHaveLength(1);
});

test("calls that want it at once ask one question", async () => {
  const server = new ShyServer();
  const both = define(
    "clerk",
    async (_, ctx) => (await Promise.all([ctx.tools("desk", { key: "a" }), ctx.tools("desk", { key: "b" })])).length,
    { tools: [{ declared: "desk" }] },
  );
  const world = new EngineWorld([both], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  expect(await asked(world, taskId)).toHaveLength(1);
  server.consented.add("ann");
  await world.authorize(taskId);
  expect(outputOf(await world.last(taskId))).toBe(2);
});

test("consent that came by way of another task, before this one had asked, takes the question back", async () => {
  const server = new ShyServer();
  server.onLook = (caller) => server.consented.add(caller);
  const world = new EngineWorld([clerk], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  expect(outputOf(await world.last(taskId))).toBe("seen");
});

test("a token that somebody gives in place of consent is kept, and stands in no log", async () => {
  const server = new ShyServer();
  const world = new EngineWorld([clerk], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  await world.authorize(taskId, { credential: { type: "bearer", value: "s3cr3t-of-ann" } });
  expect(outputOf(await world.last(taskId))).toBe("seen");
  expect(server.tokens).toEqual(["s3cr3t-of-ann"]);
  expect(JSON.stringify(await world.log(taskId))).not.toContain("s3cr3t");
});

test("whoever gives a credential of another type is asked once more, and the task does not fail for it", async () => {
  const server = new ShyServer();
  const world = new EngineWorld([clerk], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  await world.authorize(taskId, { credential: { type: "apiKey", value: "k3y" } });
  await world.alive();
  expect(await world.state(taskId)).toBe("auth-required");
  const { reference } = (await asked(world, taskId)).at(-1) ?? {};
  await world.authorize(taskId, { credential: { type: "bearer", value: "s3cr3t-of-ann" }, reference });
  expect(outputOf(await world.last(taskId))).toBe("seen");
});

test("refused, the call fails with what was said", async () => {
  const world = new EngineWorld([clerk], { tools: { tools: new ShyServer() } });
  const taskId = await world.submit("clerk");
  await world.alive();
  await world.authorize(taskId, { deny: "not this desk" });
  const last = await world.last(taskId);
  expect(codeOf(last)).toBe("PERMISSION_DENIED");
  expect(JSON.stringify(last)).toContain("not this desk");
});

test("a server that wants it again and again has nobody asked for ever", async () => {
  const server = new ShyServer();
  server.isInsatiable = true;
  const world = new EngineWorld([clerk], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  for (let times = 0; times < 3; times++) {
    const open = (await asked(world, taskId)).at(-1);
    await world.authorize(taskId, { reference: open?.reference });
  }
  expect(codeOf(await world.last(taskId))).toBe("UNAUTHENTICATED");
  expect(await asked(world, taskId)).toHaveLength(3);
});

test("wherever its process dies, it is asked once, and called once", async () => {
  const commits = await (async () => {
    const server = new ShyServer();
    const world = new EngineWorld([clerk], { tools: { tools: server } });
    const taskId = await world.submit("clerk");
    await world.alive();
    server.consented.add("ann");
    await world.authorize(taskId);
    await world.last(taskId);
    return world.commits;
  })();
  expect(commits).toBeGreaterThan(5);
  for (let commit = 2; commit <= commits; commit++)
    for (const when of ["before", "after"] as const) {
      const server = new ShyServer();
      const world = new EngineWorld([clerk], { tools: { tools: server }, crashes: [{ commit, when }] });
      const taskId = await world.submit("clerk");
      await world.alive();
      server.consented.add("ann");
      await world.alive();
      await world.authorize(taskId).catch((error: unknown) => {
        // It died as it took the decision in, which stands.
        if (!PlatformError.is(error)) throw error;
      });
      expect([commit, when, outputOf(await world.last(taskId))]).toEqual([commit, when, "seen"]);
      expect(await asked(world, taskId)).toHaveLength(1);
      expect(new Set(server.calls).size).toBe(1);
    }
});

test("a fork of a task that waits for consent asks by a link of its own, wherever it begins, and each hears its own answer", async () => {
  const twice = define(
    "clerk",
    async (_, ctx) => {
      const [[look], tools] = await Promise.all([
        ctx.tools("desk", { key: "a" }),
        ctx.sleep(10).then(() => ctx.tools("desk", { key: "b" })),
      ]);
      return look === undefined ? "nothing" : [tools.length, await ctx.tool(look, {})];
    },
    { tools: [{ declared: "desk" }] },
  );
  const server = new ShyServer();
  const world = new EngineWorld([twice], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  await world.advance(100);
  expect(await world.state(taskId)).toBe("auth-required");
  const log = await world.log(taskId);
  const forks: string[] = [];
  for (const { seq } of log) {
    const { service } = await world.alive();
    const forking = service.fork(SCOPE, taskId, { at: seq });
    await world.advance(100);
    const { taskId: fork } = await forking;
    expect([seq, await world.state(fork)]).toEqual([seq, "auth-required"]);
    expect((await asked(world, fork)).map(({ url }) => url)).toEqual([`https://node.test/consent/${fork}`]);
    forks.push(fork);
  }
  server.consented.add("ann");
  const [first, ...others] = forks;
  if (first === undefined) throw new Error("there is no fork");
  await world.authorize(first);
  expect(outputOf(await world.last(first))).toEqual([1, "seen"]);
  for (const each of [taskId, ...others]) expect(await world.state(each)).toBe("auth-required");
  for (const each of [taskId, ...others]) {
    await world.authorize(each);
    expect(outputOf(await world.last(each))).toEqual([1, "seen"]);
  }
});

test("a call of a tool that waits for consent is made again in a fork, once, and what it had before stays", async () => {
  const server = new ShyServer();
  server.consented.add("ann");
  const done: string[] = [];
  const forgetful = define(
    "clerk",
    async (_, ctx) => {
      const [look] = await ctx.tools("desk");
      await ctx.step("withdraw", () => {
        done.push("withdraw");
        server.consented.clear();
      });
      return look === undefined ? "nothing" : ctx.tool(look, {});
    },
    { tools: [{ declared: "desk" }] },
  );
  const world = new EngineWorld([forgetful], { tools: { tools: server } });
  const taskId = await world.submit("clerk");
  await world.alive();
  const { service } = await world.alive();
  const forking = service.fork(SCOPE, taskId);
  await world.advance(100);
  const first = (await forking).taskId;
  // Of a fork, which has asked by a link of its own.
  const again = service.fork(SCOPE, first);
  await world.advance(100);
  const second = (await again).taskId;
  for (const each of [first, second])
    expect((await asked(world, each)).map(({ url }) => url)).toEqual([`https://node.test/consent/${each}`]);
  server.consented.add("ann");
  for (const each of [second, first, taskId]) {
    await world.authorize(each);
    expect(outputOf(await world.last(each))).toBe("seen");
  }
  expect(done).toEqual(["withdraw"]);
  expect(new Set(server.calls).size).toBe(3);
});
