/** Access that a task waits for: asked, granted, refused, used, forgotten (A2A 7.6). */
import type { AuthorizationDecision, AuthorizationQuestion } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract";
import type { Authorization, Context } from "@agentcore/contract/authoring";
import { expect, test, vi } from "vitest";
import { codeOf, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore, wrapWholeStore } from "../../test/wrap-store.ts";
import type { CommitUnit } from "../ports/index.ts";

const SECRET = "s3cr3t-token-of-ann";
const TOKEN: AuthorizationDecision = { credential: { type: "bearer", value: SECRET } };
const ASKED = { prompt: "May I read your repositories?", name: "github" };

/** Waits, then tells with what it would have called. */
const reader = define("reader", async (_, ctx) => {
  const access = await ctx.waitForAuthorization(ASKED);
  return use(ctx, access);
});

const use = (ctx: Context, access: Authorization) =>
  ctx.step("call", async (step) => {
    const { type, value } = await step.credential(access);
    return `${type} of ${value.length}`;
  });

const kept = async (world: EngineWorld): Promise<readonly string[]> =>
  (await world.keyValue.list({ tenantId: SCOPE.tenantId, namespace: "credentials" })).map(({ key }) => key);

/** What the task asked last. */
const question = async (world: EngineWorld, taskId: string): Promise<AuthorizationQuestion> => {
  const event = (await world.log(taskId)).findLast(({ type }) => type === "task.authRequired");
  if (event?.type !== "task.authRequired") throw new Error("it asked for nothing");
  return event.data.authorization;
};

const referenceTo = async (world: EngineWorld, taskId: string): Promise<{ readonly reference: string }> => {
  const { reference } = await question(world, taskId);
  if (reference === undefined) throw new Error("its question has no reference");
  return { reference };
};

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: unknown) => (PlatformError.is(error) ? error.code : error),
  );

test("a task that asks for access leaves memory, says what it needs, and works again with the grant", async () => {
  const world = new EngineWorld([
    define("reader", (_, ctx) =>
      ctx.waitForAuthorization({ ...ASKED, scopes: ["repo", "user"], url: "https://github.test/consent" }),
    ),
  ]);
  const taskId = await world.submit("reader");
  const { engine, service } = await world.alive();
  expect([await world.state(taskId), engine.resident]).toEqual(["auth-required", 0]);
  const { status } = await service.view(SCOPE, taskId);
  expect(status.state).toBe("TASK_STATE_AUTH_REQUIRED");
  expect(status.message?.parts).toEqual([
    {
      text: "May I read your repositories?\nAccess asked for: github (repo, user)\nGive consent at https://github.test/consent",
    },
    {
      data: {
        authorization: {
          ...{ name: "github", scopes: ["repo", "user"], url: "https://github.test/consent" },
          reference: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      },
    },
  ]);
  const { reference } = await question(world, taskId);
  await world.authorize(taskId);
  expect(outputOf(await world.last(taskId))).toEqual({
    name: "github",
    grantedBy: "ann",
    grantedAt: world.clock.now(),
    reference,
  });
  expect(await world.types(taskId)).toContain("task.resumed");
});

test("a step reads the secret; neither log nor mail nor the node's log lines ever hold it, and with the end it is gone", async () => {
  let mail: unknown[] = [];
  const world: EngineWorld = new EngineWorld([reader], {
    wrap: (store) =>
      wrapWholeStore(store, async (name, ask, args) => {
        if (name === "commit")
          mail = [...mail, ...(args[0] as readonly CommitUnit[]).flatMap((unit) => unit.mail ?? [])];
        return ask();
      }),
  });
  const taskId = await world.submit("reader");
  await world.authorize(taskId, TOKEN);
  expect(outputOf(await world.last(taskId))).toBe("bearer of 19");
  expect(mail).toHaveLength(1);
  expect(JSON.stringify([await world.log(taskId), mail, world.logger.records])).not.toContain(SECRET);
  expect(await kept(world)).toEqual([]);
});

test("a message in that state is kept and authorises nothing", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      await ctx.waitForAuthorization(ASKED);
      return ctx.messages.map(({ parts }) => parts[0]?.text);
    }),
  ]);
  const taskId = await world.submit("reader");
  await world.say(taskId, "yes, you may");
  expect(await world.state(taskId)).toBe("auth-required");
  expect((await world.types(taskId)).filter((type) => type === "task.authRequired")).toHaveLength(1);
  await world.authorize(taskId);
  expect(outputOf(await world.last(taskId))).toEqual(["yes, you may"]);
});

test("a refusal reaches the code as an error that it can catch", async () => {
  const world = new EngineWorld([
    define("reader", (_, ctx) =>
      ctx.waitForAuthorization(ASKED).catch((error: PlatformError) => `${error.code}: ${error.message}`),
    ),
  ]);
  const taskId = await world.submit("reader");
  await world.authorize(taskId, { deny: "not on Fridays" });
  expect(outputOf(await world.last(taskId))).toBe(
    "PERMISSION_DENIED: access to github was refused by ann: not on Fridays",
  );
});

test("of two decisions one stands, also where the process died between it and its mail", async () => {
  const world = new EngineWorld([reader]);
  const taskId = await world.submit("reader");
  const { service } = await world.alive();
  const operator = { ...SCOPE, caller: "boss", operator: true };
  const both = Promise.all([
    refusal(service.authorize(SCOPE, taskId, TOKEN)),
    refusal(service.authorize(operator, taskId, { deny: "no" })),
  ]);
  await world.quiet();
  expect(new Set(await both)).toEqual(new Set(["CONFLICT", "none"]));
  expect(await world.state(taskId)).not.toBe("auth-required");

  // Its commit is the mail: what it kept is there by then.
  const dying = new EngineWorld([reader], { crashes: [{ commit: 2, when: "before" }] });
  const asked = await dying.submit("reader");
  const life = await dying.alive();
  void life.service.authorize(SCOPE, asked, TOKEN);
  await dying.quiet();
  expect([await dying.state(asked), (await kept(dying)).length]).toEqual(["auth-required", 1]);
  expect(await refusal(dying.authorize(asked, { deny: "no" }, operator))).toBe("CONFLICT");
  expect(outputOf(await dying.last(asked))).toBe("bearer of 19");
});

test("the same decision again is no conflict: its first answer may have been lost", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      await ctx.waitForAuthorization(ASKED);
      return ctx.waitForInput("and now?");
    }),
  ]);
  const taskId = await world.submit("reader");
  await world.authorize(taskId, TOKEN);
  await world.authorize(taskId, TOKEN);
  expect(await refusal(world.authorize(taskId, { credential: { type: "bearer", value: "another one" } }))).toBe(
    "CONFLICT",
  );
  expect(await world.state(taskId)).toBe("input-required");
});

test("a decision that comes again, or late, grants nothing that was asked since", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      await ctx.waitForAuthorization({ prompt: "Read repository one?", name: "github" });
      await ctx.waitForAuthorization({ prompt: "DELETE repository one?", name: "github" });
      return ctx.waitForAuthorization({ prompt: "And your issues?", name: "jira" });
    }),
  ]);
  const taskId = await world.submit("reader");
  const first = await referenceTo(world, taskId);
  await world.authorize(taskId, TOKEN);
  for (const again of [TOKEN, { ...TOKEN, name: "github" }, {}])
    expect(await refusal(world.authorize(taskId, again))).toBe("INVALID_ARGUMENT");
  await world.authorize(taskId, { ...TOKEN, ...first });
  expect(await refusal(world.authorize(taskId, first))).toBe("CONFLICT");
  expect(await refusal(world.authorize(taskId, { ...TOKEN, reference: "0".repeat(32) }))).toBe("CONFLICT");
  expect(await question(world, taskId)).toMatchObject({ name: "github" });
  expect((await world.types(taskId)).filter((type) => type === "step.completed")).toHaveLength(1);

  const second = await referenceTo(world, taskId);
  await world.authorize(taskId, second);
  await world.authorize(taskId, { ...TOKEN, ...first });
  await world.authorize(taskId, second);
  // Without a name it could be meant for what was asked before.
  expect(await refusal(world.authorize(taskId))).toBe("INVALID_ARGUMENT");
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, { name: "jira" });
  expect(await world.state(taskId)).toBe("completed");
});

test("others' tasks look like none; what is not asked for is refused, and nothing of it is kept", async () => {
  const world = new EngineWorld([reader, define("asker", (_, ctx) => ctx.waitForInput("?"))]);
  const [taskId, asking] = [await world.submit("reader"), await world.submit("asker")];
  const stranger = { tenantId: SCOPE.tenantId, caller: "eve" };
  expect(await refusal(world.authorize(taskId, TOKEN, stranger))).toBe("TASK_NOT_FOUND");
  expect(await refusal(world.authorize(taskId, TOKEN, { ...SCOPE, tenantId: "other", operator: true }))).toBe(
    "TASK_NOT_FOUND",
  );
  expect(await refusal(world.authorize(taskId, { ...TOKEN, name: "gitlab" }))).toBe("UNSUPPORTED_OPERATION");
  expect(await refusal(world.authorize(asking, TOKEN))).toBe("UNSUPPORTED_OPERATION");
  await world.cancel(taskId);
  expect(await refusal(world.authorize(taskId, TOKEN))).toBe("TASK_TERMINAL");
  expect(await kept(world)).toEqual([]);
});

test("several open waits are told apart by name, and the state shows what is still asked", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      const [github, words, jira] = await Promise.all([
        ctx.waitForAuthorization(ASKED),
        ctx.waitForInput("Which branch?"),
        ctx.waitForAuthorization({ prompt: "And your issues?", name: "jira" }),
      ]);
      return [github.name, words, jira.name];
    }),
  ]);
  const taskId = await world.submit("reader");
  expect(await refusal(world.authorize(taskId))).toBe("INVALID_ARGUMENT");
  await world.authorize(taskId, { name: "jira" });
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, { name: "github" });
  expect(await world.state(taskId)).toBe("input-required");
  expect(await world.last(taskId)).toMatchObject({ data: { prompt: [{ text: "Which branch?" }] } });
  await world.say(taskId, "main");
  expect(outputOf(await world.last(taskId))).toEqual(["github", "main", "jira"]);
});

test("an answer leaves the task waiting for access when that is still open", async () => {
  const world = new EngineWorld([
    define("reader", (_, ctx) => Promise.all([ctx.waitForAuthorization(ASKED), ctx.waitForInput("Which?")])),
  ]);
  const taskId = await world.submit("reader");
  expect(await world.state(taskId)).toBe("input-required");
  await world.say(taskId, "main");
  expect(await world.state(taskId)).toBe("auth-required");
});

test("the same name cannot be asked for twice at once, and may be asked for again afterwards", async () => {
  const twice = define("reader", (_, ctx) =>
    Promise.all([ctx.waitForAuthorization(ASKED), Promise.resolve().then(() => ctx.waitForAuthorization(ASKED))]),
  );
  const world = new EngineWorld([
    twice,
    define("again", (_, ctx) => ctx.waitForAuthorization(ASKED).then(() => ctx.waitForAuthorization(ASKED))),
  ]);
  expect(codeOf(await world.last(await world.submit("reader")))).toBe("STEP_KEY_COLLISION");
  const taskId = await world.submit("again");
  await world.authorize(taskId);
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, await referenceTo(world, taskId));
  expect((await world.last(taskId))?.type).toBe("task.completed");
});

for (const [what, request] of [
  ["a name of other characters", { prompt: "?", name: "git hub" }],
  ["an address that is no web address", { prompt: "?", name: "a", url: "javascript:alert(1)" }],
  ["no words", { prompt: "", name: "a" }],
  ["longer than 30 days", { prompt: "?", name: "a", maxDurationMs: 31 * 86_400_000 }],
] as const)
  test(`a request with ${what} is refused`, async () => {
    const world = new EngineWorld([define("reader", (_, ctx) => ctx.waitForAuthorization(request))]);
    expect(codeOf(await world.last(await world.submit("reader")))).toBe("INVALID_ARGUMENT");
  });

test("a credential is good for a day, for as long as was granted, and never longer than was asked", async () => {
  const world = new EngineWorld([
    define("reader", (task, ctx) =>
      ctx.waitForAuthorization({ ...ASKED, ...(task.input as { readonly maxDurationMs?: number }) }),
    ),
  ]);
  const lasts = async (input: object, decision: AuthorizationDecision): Promise<number> => {
    const taskId = await world.submit("reader", input);
    const at = world.clock.now();
    await world.authorize(taskId, decision);
    return (outputOf(await world.last(taskId)) as Authorization).expiresAt! - at;
  };
  expect(await lasts({}, TOKEN)).toBe(86_400_000);
  expect(await lasts({}, { ...TOKEN, expiresInMs: 5000 })).toBe(5000);
  expect(await lasts({ maxDurationMs: 3000 }, { ...TOKEN, expiresInMs: 5000 })).toBe(3000);
  expect(await lasts({ maxDurationMs: 3000 }, {})).toBe(3000);
});

test("what has expired, and what never came, is a clear error in the step that asks for it", async () => {
  const world = new EngineWorld([
    define("late", async (_, ctx) => {
      const access = await ctx.waitForAuthorization(ASKED);
      await ctx.sleep(60_000);
      return use(ctx, access);
    }),
    reader,
    define("forger", (_, ctx) => use(ctx, { ...ASKED, grantedBy: "me", grantedAt: 0, reference: "../other/task" })),
  ]);
  const late = await world.submit("late");
  await world.authorize(late, { ...TOKEN, expiresInMs: 30_000 });
  await world.advance(60_001);
  expect(codeOf(await world.last(late))).toBe("PERMISSION_DENIED");
  const without = await world.submit("reader");
  await world.authorize(without);
  expect(codeOf(await world.last(without))).toBe("UNSUPPORTED_OPERATION");
  expect(codeOf(await world.last(await world.submit("forger")))).toBe("INVALID_ARGUMENT");
});

test("a reference opens nothing in another task", async () => {
  const world = new EngineWorld([
    define("holder", async (_, ctx) => {
      const access = await ctx.waitForAuthorization(ASKED);
      return ctx.command({ agent: "thief" }, access);
    }),
    define("thief", (task, ctx) => use(ctx, task.input as Authorization)),
  ]);
  const taskId = await world.submit("holder");
  await world.authorize(taskId, TOKEN);
  expect(codeOf(await world.last(taskId))).toBe("PERMISSION_DENIED");
});

test("a step that gives its secret away is refused, and an error that holds it is blanked", async () => {
  const world = new EngineWorld([
    define("giver", async (_, ctx) => {
      const access = await ctx.waitForAuthorization(ASKED);
      return ctx.step("give", async (step) => ({ headers: [(await step.credential(access)).value] }));
    }),
    define("crier", async (_, ctx) => {
      const access = await ctx.waitForAuthorization(ASKED);
      return ctx.step("cry", async (step) => {
        throw new Error(`401 for Bearer ${(await step.credential(access)).value}`);
      });
    }),
  ]);
  const giver = await world.submit("giver");
  await world.authorize(giver, TOKEN);
  expect(codeOf(await world.last(giver))).toBe("RESULT_NOT_SERIALISABLE");
  const crier = await world.submit("crier");
  await world.authorize(crier, TOKEN);
  await world.advance(5000);
  expect(await world.last(crier)).toMatchObject({ data: { error: { message: "401 for Bearer [credential]" } } });
  expect(JSON.stringify([await world.log(giver), await world.log(crier)])).not.toContain(SECRET);
});

test("an error is blanked of each form in which it holds a secret, and of the longer of two", async () => {
  const other = `${SECRET}/ö "2" `;
  const forms: readonly ((secret: string) => string)[] = [
    (secret) => JSON.stringify({ secret }),
    (secret) => `?token=${encodeURIComponent(secret)}`,
    (secret) => new URLSearchParams({ token: secret }).toString(),
    ...["", "u", "us", "user:"].flatMap((before) => [
      (secret: string) => Buffer.from(`${before}${secret}`).toString("base64"),
      (secret: string) => Buffer.from(`${before}${secret} more`).toString("base64url"),
    ]),
  ];
  const world = new EngineWorld([
    define("crier", async (_, ctx) => {
      const short = await ctx.waitForAuthorization(ASKED);
      const long = await ctx.waitForAuthorization({ ...ASKED, name: "jira" });
      return ctx.step(
        "cry",
        async (step) => {
          const secrets = [(await step.credential(short)).value, (await step.credential(long)).value];
          throw new Error(forms.flatMap((form) => secrets.map((secret) => `<${form(secret)}>`)).join("\n"));
        },
        { retry: { maxAttempts: 1 } },
      );
    }),
  ]);
  const taskId = await world.submit("crier");
  await world.authorize(taskId, TOKEN);
  await world.authorize(taskId, { name: "jira", credential: { type: "other", value: other } });
  const failed = await world.last(taskId);
  if (failed?.type !== "task.failed") throw new Error("it did not fail");
  for (const line of failed.data.error.message.split("\n"))
    expect(line).toMatch(
      /^<(\{"secret":"|\?token=|token=|[A-Za-z0-9+/_-]{0,8})\[credential\]("\}|[A-Za-z0-9+/_=-]{0,8})>$/,
    );
});

test("what was granted and expired before the task could use it is asked for again", async () => {
  const world = new EngineWorld([reader]);
  const taskId = await world.submit("reader");
  world.change(define("reader", () => "something else"));
  await world.say(taskId, "hello?");
  expect(await world.state(taskId)).toBe("parked");
  await world.authorize(taskId, { ...TOKEN, expiresInMs: 1000 });
  await world.advance(2000);
  world.change(reader);
  await world.retry(taskId);
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, TOKEN);
  expect(outputOf(await world.last(taskId))).toBe("bearer of 19");
});

test("a task that has as much mail waiting as may takes no decision, and nothing of it is kept", async () => {
  let isFull = false;
  const world = new EngineWorld([reader], {
    wrap: (store) =>
      wrapStore(store, { waitingMail: async (next, key) => (isFull ? { count: 10_000, bytes: 0 } : next(key)) }),
  });
  const taskId = await world.submit("reader");
  isFull = true;
  expect(await refusal((await world.alive()).service.authorize(SCOPE, taskId, TOKEN))).toBe("OVERLOADED");
  expect(await kept(world)).toEqual([]);
});

test("nothing stays of a task that is canceled while other code than its own is there", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      await ctx.waitForAuthorization(ASKED);
      await ctx.waitForInput("?");
    }),
  ]);
  const taskId = await world.submit("reader");
  await world.authorize(taskId, TOKEN);
  expect(await kept(world)).toHaveLength(1);
  world.change(define("reader", (_, ctx) => ctx.waitForInput("something else")));
  await world.cancel(taskId);
  await world.cancel(taskId);
  expect([await world.state(taskId), await kept(world)]).toEqual(["canceled", []]);
});

test("code that asks for other access than its log is parked", async () => {
  const world = new EngineWorld([reader]);
  const taskId = await world.submit("reader");
  world.change(define("reader", (_, ctx) => ctx.waitForAuthorization({ ...ASKED, scopes: ["admin"] })));
  await world.authorize(taskId, TOKEN);
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
});

test("a wait after continueAs is another one than that of the same place before", async () => {
  const world = new EngineWorld([
    define("reader", async (task, ctx) => {
      const access = await ctx.waitForAuthorization(ASKED);
      return task.continuedFrom === undefined
        ? ctx.continueAs(access.reference)
        : [task.continuedFrom, access.reference];
    }),
  ]);
  const taskId = await world.submit("reader");
  const earlier = await referenceTo(world, taskId);
  await world.authorize(taskId, { ...TOKEN, ...earlier });
  expect(await world.state(taskId)).toBe("auth-required");
  expect(await kept(world)).toHaveLength(1);
  expect(await refusal(world.authorize(taskId, TOKEN))).toBe("INVALID_ARGUMENT");
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, { ...TOKEN, reference: earlier.reference });
  expect(await refusal(world.authorize(taskId, earlier))).toBe("CONFLICT");
  expect(await world.state(taskId)).toBe("auth-required");
  await world.authorize(taskId, { ...TOKEN, ...(await referenceTo(world, taskId)) });
  const [before, after] = outputOf(await world.last(taskId)) as string[];
  expect(before).not.toBe(after);
  expect(await kept(world)).toEqual([]);
});

for (const when of ["before", "after"] as const)
  test(`dies ${when} each of its commits and ends the same, each step once, nothing kept`, async () => {
    const plain = new EngineWorld([reader]);
    const done = await plain.submit("reader");
    await plain.authorize(done, TOKEN);
    expect(plain.commits).toBeGreaterThan(3);
    for (let commit = 1; commit <= plain.commits; commit++) {
      const world = new EngineWorld([reader], { crashes: [{ commit, when }] });
      const taskId = await world.submit("reader");
      await world.authorize(taskId, TOKEN);
      await world.advance(1000);
      expect(outputOf(await world.last(taskId))).toBe("bearer of 19");
      expect((await world.types(taskId)).filter((type) => type === "step.completed")).toHaveLength(2);
      // A process that dies with its last commit leaves it to the sweep.
      const { engine } = await world.alive();
      await engine.credentials.sweep(world.store, SCOPE.tenantId);
      expect(await kept(world)).toEqual([]);
    }
  });

/** Waits for access, and takes the question back after a while: others have settled it. */
const withdrawing = define("withdrawing", async (_, ctx) => {
  const settled = new AbortController();
  const access = ctx.waitForAuthorization({ ...ASKED, signal: settled.signal });
  const late = ctx.sleep(5_000).then(() => "late");
  const first = await Promise.race([access, late]);
  if (first === "late") settled.abort();
  const seen = await access.catch((error: PlatformError) => error.code);
  await ctx.waitForInput("And now?");
  return seen;
});

test("a question for access is taken back by its signal: the task works again, and nobody can grant it any more", async () => {
  const world = new EngineWorld([withdrawing]);
  const taskId = await world.submit("withdrawing");
  expect([await world.state(taskId), (await world.alive()).engine.resident]).toEqual(["auth-required", 0]);
  await world.advance(5_000);
  expect(await world.state(taskId)).toBe("input-required");
  expect(await world.types(taskId)).toContain("task.resumed");
  expect(await refusal((await world.alive()).service.authorize(SCOPE, taskId, TOKEN))).toBe("CONFLICT");
  world.crash();
  await world.say(taskId, "go");
  await world.advance(1);
  expect(outputOf(await world.last(taskId))).toBe("CANCELED");
});

test("who answers a question that was taken back is told that it was, not that somebody decided", async () => {
  const world = new EngineWorld([withdrawing]);
  const taskId = await world.submit("withdrawing");
  const reference = await referenceTo(world, taskId);
  await world.advance(5_000);
  const { service } = await world.alive();
  for (const decision of [TOKEN, { ...TOKEN, ...reference }])
    await expect(service.authorize(SCOPE, taskId, decision)).rejects.toMatchObject({
      code: "CONFLICT",
      message: `task ${taskId} does not ask for access to github any more: it took the question back`,
    });
});

for (const other of ["authorization", "input"] as const)
  for (const crash of [
    { commit: 2, when: "after" },
    { commit: 3, when: "before" },
  ] as const)
    test(`the other question, for ${other}, is shown when one is taken back after a crash ${crash.when} commit ${crash.commit}`, async () => {
      const asker = define("asker", async (_, ctx) => {
        const settled = new AbortController();
        const one = ctx
          .waitForAuthorization({ ...ASKED, name: "aa", signal: settled.signal })
          .catch(() => "taken back");
        const beside =
          other === "input"
            ? ctx.waitForInput("Which?")
            : ctx.waitForAuthorization({ ...ASKED, name: "bb" }).then(({ name }) => name);
        await ctx.sleep(5000);
        settled.abort();
        return [await one, await beside];
      });
      const world = new EngineWorld([asker], { crashes: [crash] });
      const taskId = await world.submit("asker");
      await world.quiet();
      await world.advance(5000);
      await world.quiet();
      expect(await world.state(taskId)).toBe(other === "input" ? "input-required" : "auth-required");
      expect(await world.types(taskId)).not.toContain("task.resumed");
      if (other === "input") await world.say(taskId, "this");
      else await (await world.alive()).service.authorize(SCOPE, taskId, { name: "bb" });
      await world.quiet();
      expect(outputOf(await world.last(taskId))).toEqual(["taken back", other === "input" ? "this" : "bb"]);
    });

test("a signal that is none is refused before anything of the call is recorded", async () => {
  const none = new AbortController() as unknown as AbortSignal;
  const world = new EngineWorld([
    define("sleeper", (_, ctx) => ctx.sleep(60_000, { signal: none })),
    define("asker", (_, ctx) => ctx.waitForAuthorization({ ...ASKED, signal: none })),
  ]);
  for (const [agent, call] of [
    ["sleeper", "ctx.sleep"],
    ["asker", "ctx.waitForAuthorization"],
  ] as const) {
    const taskId = await world.submit(agent);
    await world.quiet();
    expect(await world.last(taskId)).toMatchObject({
      type: "task.failed",
      data: {
        error: { code: "INVALID_ARGUMENT", message: expect.stringMatching(`^${call}: signal: expected an AbortS`) },
      },
    });
    expect(await world.types(taskId)).toEqual([
      "task.submitted",
      "decision.made",
      "task.assigned",
      "task.started",
      "task.failed",
    ]);
  }
});

test("a question whose signal is aborted before it is asked is never asked", async () => {
  const world = new EngineWorld([
    define("late", async (_, ctx) => {
      const access = ctx.waitForAuthorization({ ...ASKED, signal: AbortSignal.abort() });
      const seen = await access.catch((error: PlatformError) => error.code);
      await ctx.waitForInput("And now?");
      return seen;
    }),
  ]);
  const taskId = await world.submit("late");
  const types = await world.types(taskId);
  expect(types).not.toContain("task.authRequired");
  expect(types).not.toContain("task.resumed");
  world.crash();
  await world.say(taskId, "go");
  expect(outputOf(await world.last(taskId))).toBe("CANCELED");
});

test("when what the task asked last is settled or taken back, it says what it still asks", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      const settled = new AbortController();
      const all = ["github", "gitlab", "gitea"].map((name) =>
        ctx
          .waitForAuthorization({
            ...{ prompt: "May I?", name },
            ...(name === "gitea" ? { signal: settled.signal } : {}),
          })
          .then(
            (access) => access.name,
            ({ code }: PlatformError) => code,
          ),
      );
      await ctx.sleep(5_000);
      settled.abort();
      return Promise.all(all);
    }),
  ]);
  const shown = async () => {
    const { status } = await (await world.alive()).service.view(SCOPE, taskId);
    const asked = status.message?.parts[1]?.data as { authorization: { name: string } } | undefined;
    return [status.state, asked?.authorization.name];
  };
  const taskId = await world.submit("reader");
  expect(await shown()).toEqual(["TASK_STATE_AUTH_REQUIRED", "gitea"]);
  world.crash();
  await world.advance(5_000);
  expect(await shown()).toEqual(["TASK_STATE_AUTH_REQUIRED", "github"]);
  world.crash();
  await world.authorize(taskId, { name: "github" });
  expect(await shown()).toEqual(["TASK_STATE_AUTH_REQUIRED", "gitlab"]);
  await world.authorize(taskId, { name: "gitlab" });
  expect(outputOf(await world.last(taskId))).toEqual(["github", "gitlab", "CANCELED"]);
});

test("a signal that outlives many waits is not listened to by those that are over", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const add = vi.spyOn(signal, "addEventListener").mockImplementation(() => void listening++);
  const remove = vi.spyOn(signal, "removeEventListener").mockImplementation(() => void listening--);
  const world = new EngineWorld([
    define("napper", async (_, ctx) => {
      for (let round = 0; round < 3; round++) await ctx.sleep(100, { signal });
      await ctx.waitForAuthorization({ ...ASKED, signal });
      await ctx.sleep(60_000, { signal });
    }),
  ]);
  const taskId = await world.submit("napper");
  await world.advance(400);
  await world.authorize(taskId);
  expect(await world.state(taskId)).toBe("working");
  expect([add.mock.calls.length > 3, remove.mock.calls.length > 3, listening]).toEqual([true, true, 0]);
});

test("a sleep is ended by its signal, once, also when the process dies around it", async () => {
  const sleeper = define("sleeper", async (_, ctx) => {
    const ended = new AbortController();
    const access = ctx.waitForAuthorization(ASKED);
    const nap = ctx.sleep(3_600_000, { key: "nap", signal: ended.signal }).catch((error: PlatformError) => error.code);
    await access;
    ended.abort();
    const how = await nap;
    await ctx.sleep(2_000, { key: "nap" });
    return how;
  });
  for (let commit = 0; commit <= 8; commit++) {
    const world = new EngineWorld([sleeper], { crashes: [{ commit, when: "after" }] });
    const taskId = await world.submit("sleeper");
    await world.authorize(taskId);
    await world.advance(1_000);
    await world.advance(5_000);
    expect(outputOf(await world.last(taskId))).toBe("CANCELED");
    expect((await world.types(taskId)).filter((type) => type === "step.failed")).toHaveLength(1);
  }
});

test("the sweep takes what ended tasks left and what has expired, and nothing else", async () => {
  const world = new EngineWorld([
    define("reader", async (_, ctx) => {
      await ctx.waitForAuthorization(ASKED);
      await ctx.waitForInput("?");
    }),
  ]);
  const taskId = await world.submit("reader");
  await world.authorize(taskId, { ...TOKEN, expiresInMs: 1000 });
  const scope = { tenantId: SCOPE.tenantId, namespace: "credentials" };
  await world.keyValue.put(scope, `gone/${"0".repeat(32)}`, { grant: {} });
  await world.keyValue.put(scope, `foreign/${"0".repeat(32)}`, {});
  const { engine } = await world.alive();
  await engine.credentials.sweep(world.store, SCOPE.tenantId);
  expect(await kept(world)).toEqual([expect.stringContaining(taskId)]);
  await world.advance(1000);
  await engine.credentials.sweep(world.store, SCOPE.tenantId);
  expect(await kept(world)).toEqual([]);
});

test("a grant that comes as the code has returned without it resumes nothing, and a replay agrees", async () => {
  let grant: (() => Promise<unknown>) | null = null;
  const hasty = define("hasty", (_, ctx) =>
    Promise.race([ctx.waitForAuthorization(ASKED).then(() => "granted"), ctx.sleep(10).then(() => "late")]),
  );
  const world: EngineWorld = new EngineWorld([hasty], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const isEnd = units.some(({ append }) => append?.state === "completed");
          const send = isEnd ? grant : null;
          if (send !== null) grant = null;
          await send?.();
          return next(units);
        },
      }),
  });
  const taskId = await world.submit("hasty");
  const { name, reference } = await question(world, taskId);
  const asked = (await world.log(taskId)).find(({ type }) => type === "task.authRequired");
  const path = asked?.type === "task.authRequired" ? asked.data.path : "";
  const payload = { type: "authorization", grant: { path, reference, name, by: "ann", at: world.clock.now() } };
  const mail = { taskId, key: "authorization:1", kind: "signal", payload, ifTerminal: "refuse" } as const;
  grant = () => world.store.commit([{ tenantId: SCOPE.tenantId, mail: [mail] }]);
  await world.advance(10);
  expect(grant).toBeNull();
  expect(outputOf(await world.last(taskId))).toBe("late");
  expect(await world.types(taskId)).not.toContain("task.resumed");
  const { service } = await world.alive();
  const report = service.replay(SCOPE, taskId);
  await world.advance(0);
  expect(await report).toMatchObject({ agrees: true });
});
