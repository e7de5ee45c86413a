/** Decisions that a task waits for: asked, answered by people, refused, in time or not. */
import { type DecisionAnswer, MAX_RECORDED_REFUSALS, PlatformError, type TaskEventOf } from "@agentcore/contract";
import type { DecisionRequest } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import { createFnvDigest } from "../testing/index.ts";
import { tokenFor } from "./decision-tokens.ts";

const ASKED: DecisionRequest = { prompt: "Grant the loan?", show: { amount: 5000 } };
const by = (caller: string, operator = false) => ({ tenantId: SCOPE.tenantId, caller, operator });
const [BOB, CAROL, DORA] = [by("bob"), by("carol"), by("dora")];
const STRANGER = by("mallory");

const asking = (request: DecisionRequest) => define("loan", (_, ctx) => ctx.waitForDecision(request));

/** The reason of a refusal, else the code. */
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: unknown) => (PlatformError.is(error) ? (error.details?.["reason"] ?? error.code) : error),
  );

const refused = async (world: EngineWorld, taskId: string) =>
  (await world.log(taskId)).flatMap((event) => (event.type === "approval.refused" ? [event.data] : []));

const started = async (request: DecisionRequest, options: { readonly crashes?: readonly Crash[] } = {}) => {
  const world = new EngineWorld([asking(request)], options);
  return { world, taskId: await world.submit("loan") };
};

const askedIn = async (world: EngineWorld, taskId: string) =>
  (await world.log(taskId)).filter(
    (event): event is TaskEventOf<"task.inputRequired"> => event.type === "task.inputRequired",
  );

test("a task that asks for a decision leaves memory, shows what is decided, and goes on with the choice", async () => {
  const { world, taskId } = await started(ASKED);
  const { engine, service } = await world.alive();
  expect([await world.state(taskId), engine.resident]).toEqual(["input-required", 0]);
  const { status } = await service.view(SCOPE, taskId);
  expect(status.state).toBe("TASK_STATE_INPUT_REQUIRED");
  const [text, shown] = status.message?.parts ?? [];
  expect(text).toEqual({ text: "Grant the loan?\nTo be decided: approve or reject" });
  expect(shown?.data).toEqual({
    approval: {
      ...{ id: expect.stringMatching(/^[0-9a-f]{32}$/), prompt: "Grant the loan?", show: { amount: 5000 } },
      ...{ choices: ["approve", "reject"], contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
  });
  const token = await world.token(taskId);
  expect(JSON.stringify(await world.log(taskId))).not.toContain(token);
  const made = await world.decide(taskId, { token, choice: "approve", comment: "sound" });
  expect(made.decided).toBe(true);
  expect(outputOf(await world.last(taskId))).toEqual({
    choice: "approve",
    by: [{ caller: "ann", comment: "sound", at: world.clock.now() }],
    id: made.id,
  });
  expect(await world.types(taskId)).toEqual(expect.arrayContaining(["approval.answered", "task.resumed"]));
  expect(JSON.stringify([await world.log(taskId), world.logger.records])).not.toContain(token);
  expect(await world.keyValue.list({ tenantId: SCOPE.tenantId, namespace: "credentials" })).toEqual([]);
});

test("of two answers that race exactly one counts, and both are told which", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob", "carol"] });
  const { service } = await world.alive();
  const [ofBob, ofCarol] = [await world.token(taskId, BOB), await world.token(taskId, CAROL)];
  const both = Promise.all([
    refusal(service.decide(BOB, taskId, { token: ofBob, choice: "approve" })),
    refusal(service.decide(CAROL, taskId, { token: ofCarol, choice: "reject" })),
  ]);
  await world.quiet();
  expect(new Set(await both)).toEqual(new Set(["none", "repeated"]));
  expect((await world.types(taskId)).filter((type) => type === "approval.answered")).toHaveLength(1);
  expect((await refused(world, taskId)).map(({ reason }) => reason)).toEqual(["repeated"]);
  expect(await world.state(taskId)).toBe("completed");
});

test("the same token twice is refused; the same answer under the same id is told what it was told", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob", "carol", "dora"], fourEyes: 2 });
  const token = await world.token(taskId, BOB);
  const answer: DecisionAnswer = { token, choice: "approve", id: "a1" };
  const first = await world.decide(taskId, answer, BOB);
  expect(first.decided).toBe(false);
  expect(await world.decide(taskId, answer, BOB)).toEqual(first);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }, BOB))).toBe("repeated");
  expect(await refusal(world.decide(taskId, { token, choice: "reject", id: "a1" }, BOB))).toBe("repeated");
  expect((await world.types(taskId)).filter((type) => type === "approval.answered")).toHaveLength(1);
  await world.decide(taskId, { token: await world.token(taskId, DORA), choice: "approve" }, DORA);
  expect(outputOf(await world.last(taskId))).toMatchObject({
    choice: "approve",
    by: [{ caller: "bob" }, { caller: "dora" }],
  });
});

test("an answer for the previous turn is refused, in one log and over a checkpoint", async () => {
  for (const onwards of ["loop", "continueAs"] as const) {
    const world = new EngineWorld([
      define("loan", async ({ continuedFrom }, ctx) => {
        const turn = (continuedFrom as number | undefined) ?? 1;
        const { choice } = await ctx.waitForDecision({ prompt: "Again?", approvers: ["bob"] });
        if (turn === 2) return choice;
        if (onwards === "continueAs") return ctx.continueAs(2);
        return ctx.waitForDecision({ prompt: "Again?", approvers: ["bob"] });
      }),
    ]);
    const taskId = await world.submit("loan");
    const old = await world.token(taskId, BOB);
    await world.decide(taskId, { token: old, choice: "approve" }, BOB);
    expect(await world.state(taskId)).toBe("input-required");
    const reason = onwards === "loop" ? "repeated" : "stale";
    expect(await refusal(world.decide(taskId, { token: old, choice: "approve" }, BOB))).toBe(reason);
    expect(await refused(world, taskId)).toMatchObject([{ by: "bob", reason }]);
    expect(await world.state(taskId)).toBe("input-required");
    const fresh = await world.token(taskId, BOB);
    expect(fresh).not.toBe(old);
    await world.decide(taskId, { token: fresh, choice: "reject" }, BOB);
    expect(await world.state(taskId)).toBe("completed");
  }
});

test("what was made up, belongs to somebody else, or is for other content does not count", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob", "carol"] });
  const [ofBob, ofCarol] = [await world.token(taskId, BOB), await world.token(taskId, CAROL)];
  const decide = (answer: DecisionAnswer, scope = BOB) => refusal(world.decide(taskId, answer, scope));
  expect(await decide({ token: "yes", choice: "approve" })).toBe("forged");
  expect(await decide({ token: `${ofBob.slice(0, -1)}${ofBob.endsWith("0") ? "1" : "0"}`, choice: "approve" })).toBe(
    "forged",
  );
  expect(await decide({ token: ofCarol, choice: "approve" })).toBe("foreign");
  expect(await decide({ token: ofBob, choice: "approve", contentHash: "0".repeat(64) })).toBe("changed");
  expect(await decide({ token: ofBob, choice: "grant" })).toBe("choice");
  // As if the content had been another when the token was made.
  const { credentials } = (await world.alive()).engine;
  const secret = (await credentials.tokenSecret({ tenantId: SCOPE.tenantId, taskId })) ?? "";
  const [asked] = await askedIn(world, taskId);
  const question = asked?.data.approval;
  if (question === undefined) throw new Error("nothing was asked");
  const approval = { ...{ path: "", chosen: [], handed: new Map(), gone: new Set<string>() }, refused: 0, end: null };
  const changed = {
    ...approval,
    reminded: false,
    escalated: false,
    question: { ...question, contentHash: "1".repeat(64) },
  };
  const token = tokenFor(createFnvDigest(), secret, changed, "bob");
  expect(await decide({ token, choice: "approve" })).toBe("changed");
  expect((await refused(world, taskId)).map(({ reason }) => reason)).toEqual([
    ...["forged", "forged", "foreign", "changed", "choice", "changed"],
  ]);
  expect(await world.state(taskId)).toBe("input-required");
  expect(await decide({ token: ofBob, choice: "approve" })).toBe("none");
});

test("a stranger is told that there is no such task, and fills neither log nor mailbox", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  const token = await world.token(taskId, BOB);
  const before = await world.log(taskId);
  for (const junk of [token, "junk"])
    expect(await refusal(world.decide(taskId, { token: junk, choice: "approve" }, STRANGER))).toBe("TASK_NOT_FOUND");
  expect(await world.log(taskId)).toEqual(before);
  expect(await world.store.waitingMail({ tenantId: SCOPE.tenantId, taskId })).toEqual({ count: 0, bytes: 0 });
  const elsewhere = { tenantId: "other", caller: "bob" };
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }, elsewhere))).toBe("TASK_NOT_FOUND");
});

test("the caller of a task that others decide may not, and is told so", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  expect(await world.inbox(SCOPE)).toEqual([]);
  const token = await world.token(taskId, BOB);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }))).toBe("foreign");
  expect(await refused(world, taskId)).toMatchObject([{ by: "ann", reason: "foreign" }]);
});

test("no more refusals are recorded than the bound, and nobody is woken for more", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  for (let count = 0; count < MAX_RECORDED_REFUSALS + 5; count++)
    expect(await refusal(world.decide(taskId, { token: `junk ${count}`, choice: "approve" }, BOB))).toBe("forged");
  // Of no question, since the token names none; what was said to a question has a count of its own.
  expect(await refused(world, taskId)).toHaveLength(MAX_RECORDED_REFUSALS);
  const commits = world.commits;
  await refusal(world.decide(taskId, { token: "once more", choice: "approve" }, BOB));
  expect(world.commits).toBe(commits);
  await world.decide(taskId, { token: await world.token(taskId, BOB), choice: "approve" }, BOB);
  expect(await world.state(taskId)).toBe("completed");
});

test("a message is no decision, whatever it says: it is refused, and the question asked again", async () => {
  const { world, taskId } = await started(ASKED);
  await world.say(taskId, "yes, approve", "m1");
  expect(await world.state(taskId)).toBe("input-required");
  expect(await refused(world, taskId)).toMatchObject([{ reason: "message", messageId: "m1" }]);
  const [, again] = await askedIn(world, taskId);
  expect(again?.data.prompt[0]?.text).toContain("(a message is no decision; answer with the token from the inbox)");
  await world.say(taskId, { approval: { token: await world.token(taskId), choice: "approve" } });
  expect(outputOf(await world.last(taskId))).toMatchObject({ choice: "approve" });
  expect((await world.types(taskId)).filter((type) => type === "message.added")).toHaveLength(1);
});

test("a message answers a question that is open beside the decision", async () => {
  const world = new EngineWorld([
    define("loan", async (_, ctx) => {
      const [said, { choice }] = await Promise.all([ctx.waitForInput("Name?"), ctx.waitForDecision(ASKED)]);
      return [said, choice];
    }),
  ]);
  const taskId = await world.submit("loan");
  await world.say(taskId, "Ann");
  expect([await world.state(taskId), await refused(world, taskId)]).toEqual(["input-required", []]);
  await world.decide(taskId, { token: await world.token(taskId), choice: "reject" });
  expect(outputOf(await world.last(taskId))).toEqual(["Ann", "reject"]);
});

test("reminder, escalation and expiry come once each, in their time", async () => {
  const request = {
    ...ASKED,
    approvers: ["bob"],
    remindMs: 1000,
    expiresMs: 5000,
    escalate: { afterMs: 2000, to: ["carol"] },
  };
  const { world, taskId } = await started(request);
  const token = await world.token(taskId, BOB);
  await world.advance(999);
  expect(await world.types(taskId)).not.toContain("approval.reminded");
  await world.advance(1);
  expect((await world.types(taskId)).filter((type) => type === "approval.reminded")).toHaveLength(1);
  expect(await refusal(world.token(taskId, CAROL))).toBeInstanceOf(Error);
  await world.advance(1000);
  expect((await world.log(taskId)).findLast(({ type }) => type === "approval.escalated")?.data).toMatchObject({
    to: ["carol"],
  });
  expect(await world.token(taskId, CAROL)).toBeTypeOf("string");
  expect((await askedIn(world, taskId)).map(({ data }) => data.prompt[0]?.text?.split("\n").at(-1))).toEqual([
    expect.stringMatching(/^To be decided: approve or reject, by 20/),
    "(Reminder)",
    "(Escalated to carol)",
  ]);
  await world.advance(3000);
  expect((await world.last(taskId))?.data).toMatchObject({ error: { code: "DECISION_EXPIRED" } });
  const types = await world.types(taskId);
  expect(types.filter((type) => type === "approval.reminded" || type === "approval.escalated")).toHaveLength(2);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }, BOB))).toBe("TASK_TERMINAL");
});

test("an answer after the expiry is refused as expired", async () => {
  const world = new EngineWorld([
    define("loan", async (_, ctx) => {
      const error = await ctx
        .waitForDecision({ ...ASKED, expiresMs: 1000 })
        .catch((thrown: PlatformError) => thrown.code);
      return [error, await ctx.waitForInput("And now?")];
    }),
  ]);
  const taskId = await world.submit("loan");
  const token = await world.token(taskId);
  await world.advance(1000);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }))).toBe("expired");
  expect(await refused(world, taskId)).toMatchObject([{ reason: "expired" }]);
  await world.say(taskId, "so be it");
  expect(outputOf(await world.last(taskId))).toEqual(["DECISION_EXPIRED", "so be it"]);
});

test("with four eyes the task's caller counts for nothing, and so many others must choose the same", async () => {
  const { world, taskId } = await started({ ...ASKED, fourEyes: 2 });
  expect(await world.inbox(SCOPE)).toEqual([]);
  const [first, second] = [by("boss", true), by("chief", true)];
  const token = await world.token(taskId, first);
  // Ann is an operator today, and still the one who began it.
  expect(await world.inbox(by("ann", true))).toEqual([]);
  await world.decide(taskId, { token, choice: "approve" }, first);
  expect(await world.state(taskId)).toBe("input-required");
  expect(await world.inbox(first)).toEqual([]);
  await world.decide(taskId, { token: await world.token(taskId, second), choice: "approve" }, second);
  expect(outputOf(await world.last(taskId))).toMatchObject({ by: [{ caller: "boss" }, { caller: "chief" }] });
});

test("four eyes that can never see the same end the wait, once nobody is left to ask", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob", "carol"], fourEyes: 2 });
  await world.decide(taskId, { token: await world.token(taskId, BOB), choice: "approve" }, BOB);
  await world.decide(taskId, { token: await world.token(taskId, CAROL), choice: "reject" }, CAROL);
  expect((await world.last(taskId))?.data).toMatchObject({ error: { code: "DECISION_DIVIDED" } });
  const impossible = await started({ ...ASKED, approvers: ["ann", "bob"], fourEyes: 2 });
  expect((await impossible.world.last(impossible.taskId))?.data).toMatchObject({ error: { code: "INVALID_ARGUMENT" } });
});

test("who hands their part over has none; their token is void, also when the part comes back", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob", "carol"], fourEyes: 2 });
  const token = await world.token(taskId, BOB);
  const hand = (to: string, from: string, scope: typeof BOB) =>
    refusal(world.decide(taskId, { token: from, delegateTo: to }, scope));
  for (const to of ["bob", "carol", "ann"]) expect(await hand(to, token, BOB)).toBe("delegate");
  expect(await hand("dora", token, BOB)).toBe("none");
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }, BOB))).toBe("notApprover");
  expect(await world.inbox(BOB)).toEqual([]);
  const ofDora = await world.token(taskId, DORA);
  expect(await hand("bob", ofDora, DORA)).toBe("none");
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }, BOB))).toBe("stale");
  await world.decide(taskId, { token: await world.token(taskId, BOB), choice: "approve" }, BOB);
  const ofCarol = await world.token(taskId, CAROL);
  expect(await hand("bob", ofCarol, CAROL)).toBe("delegate");
  await world.decide(taskId, { token: ofCarol, choice: "approve" }, CAROL);
  expect(await world.state(taskId)).toBe("completed");
});

test("a decision that is not needed any more is taken back", async () => {
  const world = new EngineWorld([
    define("loan", async (_, ctx) => {
      const enough = new AbortController();
      const waiting = ctx
        .waitForDecision({ ...ASKED, signal: enough.signal })
        .catch((error: PlatformError) => error.code);
      await ctx.sleep(60_000);
      enough.abort();
      return [await waiting, await ctx.waitForInput("?")];
    }),
  ]);
  const taskId = await world.submit("loan");
  const token = await world.token(taskId);
  await world.advance(60_000);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }))).toBe("stale");
  await world.say(taskId, "go");
  expect(outputOf(await world.last(taskId))).toEqual(["CANCELED", "go"]);
});

test("a process that dies at any commit changes nothing of what is decided", async () => {
  const play = async (crashes: readonly Crash[]) => {
    const request = {
      ...ASKED,
      approvers: ["bob", "carol"],
      fourEyes: 2,
      remindMs: 1000,
      escalate: { afterMs: 2000, to: ["dora"] },
    };
    const { world, taskId } = await started(request, { crashes });
    await world.quiet();
    await world.advance(1000);
    await world.decide(taskId, { token: await world.token(taskId, BOB), choice: "approve" }, BOB);
    await world.advance(1000);
    await world.decide(taskId, { token: await world.token(taskId, CAROL), delegateTo: "eve" }, CAROL);
    await world.decide(taskId, { token: await world.token(taskId, DORA), choice: "approve" }, DORA);
    return { commits: world.commits, types: await world.types(taskId), output: outputOf(await world.last(taskId)) };
  };
  const ours = (types: readonly string[]) => types.filter((type) => type.startsWith("approval."));
  const calm = await play([]);
  expect(calm.output).toMatchObject({ choice: "approve", by: [{ caller: "bob" }, { caller: "dora" }] });
  expect(ours(calm.types)).toEqual([
    ...["approval.reminded", "approval.answered", "approval.escalated", "approval.delegated", "approval.answered"],
  ]);
  for (let commit = 1; commit <= calm.commits; commit++)
    for (const when of ["before", "after"] as const) {
      const crashed = await play([{ commit, when }]);
      expect([commit, when, ours(crashed.types)]).toEqual([commit, when, ours(calm.types)]);
      expect(crashed.output).toMatchObject({ choice: "approve", by: [{ caller: "bob" }, { caller: "dora" }] });
    }
});

test("the inbox shows what waits for its reader, page by page, and operators all of it without others' tokens", async () => {
  const world = new EngineWorld([
    asking({ ...ASKED, approvers: ["bob"] }),
    define("asker", (_, ctx) => ctx.waitForInput("Name?")),
    define("reader", (_, ctx) => ctx.waitForAuthorization({ prompt: "May I?", name: "github" })),
  ]);
  const [loan, asker, reader] = [await world.submit("loan"), await world.submit("asker"), await world.submit("reader")];
  const kinds = async (...asked: Parameters<EngineWorld["inbox"]>) =>
    new Set(
      (await world.inbox(...asked)).map(({ taskId, kind, approval }) =>
        approval?.token === undefined ? `${kind} of ${taskId}` : `${kind} of ${taskId}, with a token`,
      ),
    );
  expect(await kinds(BOB)).toEqual(new Set([`approval of ${loan}, with a token`]));
  const questions = [`question of ${asker}`, `authorization of ${reader}`];
  expect(await kinds(SCOPE)).toEqual(new Set(questions));
  const boss = by("boss", true);
  expect(await kinds(boss)).toEqual(new Set());
  expect(await kinds(boss, { all: true })).toEqual(new Set([...questions, `approval of ${loan}`]));
  expect(await refusal(world.inbox(BOB, { all: true }))).toBe("PERMISSION_DENIED");
  const { service } = await world.alive();
  const seen: string[] = [];
  for (let pageToken: string | undefined; pageToken !== ""; ) {
    const page = await service.inbox(boss, {
      all: true,
      pageSize: 1,
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    seen.push(...page.items.map(({ taskId }) => taskId));
    pageToken = page.nextPageToken;
  }
  expect(new Set(seen)).toEqual(new Set([loan, asker, reader]));
  expect(seen).toHaveLength(3);
  expect(await world.inbox({ tenantId: "other", caller: "bob", operator: true }, { all: true })).toEqual([]);
});

test("a cancel, a deadline and a park end the asking like any wait; a parked task is decided once it goes on", async () => {
  const { world, taskId } = await started(ASKED);
  const token = await world.token(taskId);
  await world.cancel(taskId);
  expect([await world.state(taskId), await world.inbox()]).toEqual(["canceled", []]);
  expect(await refusal(world.decide(taskId, { token, choice: "approve" }))).toBe("TASK_TERMINAL");

  const late = await world.submit("loan", null, { deadline: world.clock.now() + 1000 });
  await world.advance(1000);
  expect((await world.last(late))?.data).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });

  const parked = await world.submit("loan");
  const before = await world.token(parked);
  world.remove("loan");
  await world.say(parked, "wake up");
  expect(await world.state(parked)).toBe("parked");
  expect(await refusal(world.decide(parked, { token: before, choice: "approve" }))).toBe("UNSUPPORTED_OPERATION");
  world.change(asking(ASKED));
  await world.retry(parked);
  expect(await world.state(parked)).toBe("input-required");
  await world.decide(parked, { token: before, choice: "approve" });
  expect(await world.state(parked)).toBe("completed");
});

test("whenever a task is canceled, or ends with something else, whoever decides is told that it counts only where it does", async () => {
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.nat(12), fc.nat(12), fc.nat(4), async (isCanceled, ends, decides, lateTurns) => {
      const heard: string[] = [];
      const asks = define("loan", async (_, ctx) => {
        const deciding = ctx.waitForDecision(ASKED).then(({ id }) => heard.push(id));
        deciding.catch(() => undefined);
        await (isCanceled ? deciding : Promise.race([deciding, ctx.waitForSignal("enough")]));
      });
      const world = new EngineWorld([asks], {
        wrap: (store) =>
          wrapStore(store, {
            commit: async (next, units) => {
              await turns(lateTurns);
              return next(units);
            },
          }),
      });
      const taskId = await world.submit("loan");
      const token = await world.token(taskId);
      const { service } = await world.alive();
      const end = async (): Promise<unknown> => {
        await turns(ends);
        return isCanceled ? service.cancel(SCOPE, taskId) : service.signal(SCOPE, taskId, { name: "enough" });
      };
      const decide = async (): Promise<unknown> => {
        await turns(decides);
        return service.decide(SCOPE, taskId, { token, choice: "approve" });
      };
      const [made] = await Promise.allSettled([decide(), end()]);
      await world.quiet();
      // Alone it decides, so to count and not to decide is to be recorded by a task that has ended.
      if (made.status === "fulfilled") expect(made.value).toMatchObject({ decided: true });
      // Code that waits for something else beside it may have what it returns by.
      if (isCanceled) expect(heard).toHaveLength(made.status === "fulfilled" ? 1 : 0);
    }),
    { numRuns: 150 },
  );
});

test("an answer that its task does not come to is kept, and the same again is told what became of it", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  const answer: DecisionAnswer = { token: await world.token(taskId, BOB), choice: "approve", id: "once" };
  const { engine, service } = await world.alive();
  void engine.drain(0);
  await world.quiet();
  const told = refusal(service.decide(BOB, taskId, answer));
  await world.advance(31_000);
  expect(await told).toBe("UNAVAILABLE");
  engine.undrain();
  await world.advance(1_000);
  expect(await world.state(taskId)).toBe("completed");
  expect(await world.decide(taskId, answer, BOB)).toMatchObject({ decided: true });
});

test("what is shown is bounded, and what can never be decided is not asked", async () => {
  const code = async (request: DecisionRequest) => {
    const { world, taskId } = await started(request);
    const event = await world.last(taskId);
    return event?.type === "task.failed" ? event.data.error.code : event?.type;
  };
  expect(await code({ ...ASKED, show: "x".repeat(70_000) })).toBe("TOO_LARGE");
  expect(await code({ ...ASKED, show: new Map() })).toBe("RESULT_NOT_SERIALISABLE");
  for (const wrong of [
    { choices: [] },
    { choices: ["a", "a"] },
    { approvers: [] },
    { fourEyes: 0 },
    { expiresMs: 0 },
    { prompt: "" },
  ])
    expect(await code({ ...ASKED, ...wrong })).toBe("INVALID_ARGUMENT");
});

test("the secret of a task's tokens is made once, and swept when its task has ended without taking it along", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  const [first, second] = await Promise.all([world.token(taskId, BOB), world.token(taskId, BOB)]);
  expect(first).toBe(second);
  const scope = { tenantId: SCOPE.tenantId, namespace: "credentials" };
  const keys = async () => (await world.keyValue.list(scope)).map(({ key }) => key);
  await world.keyValue.put(scope, "gone/decision-tokens", { secret: "left over" });
  const { engine } = await world.alive();
  await engine.credentials.sweep(world.store, SCOPE.tenantId);
  expect(await keys()).toEqual([`${taskId}/decision-tokens`]);
  expect(world.logger.records.filter(({ level }) => level === "warn")).toEqual([]);
  expect(await world.token(taskId, BOB)).toBe(first);
  await world.decide(taskId, { token: first, choice: "approve" }, BOB);
  expect(await keys()).toEqual([]);
});

test("an answer is told that it counts also where the task has gone on in a fresh log since", async () => {
  const world = new EngineWorld([
    define("loan", async ({ continuedFrom }, ctx) => {
      if (continuedFrom === "end") return "done";
      const { choice } = await ctx.waitForDecision({ prompt: "Again?", approvers: ["bob"] });
      return ctx.continueAs(choice === "reject" ? "end" : "again");
    }),
  ]);
  const taskId = await world.submit("loan");
  const approve: DecisionAnswer = { token: await world.token(taskId, BOB), choice: "approve", id: "a" };
  const made = await world.decide(taskId, approve, BOB);
  expect([made.decided, await world.types(taskId)]).toEqual([true, expect.arrayContaining(["checkpoint.created"])]);
  expect(await world.decide(taskId, approve, BOB)).toEqual(made);
  const reject: DecisionAnswer = { token: await world.token(taskId, BOB), choice: "reject", id: "b" };
  await world.decide(taskId, reject, BOB);
  expect(await world.state(taskId)).toBe("completed");
  expect(await world.decide(taskId, approve, BOB)).toMatchObject({ id: made.id, decided: true });
});

test("a part that is handed to and fro fills no log", async () => {
  const { world, taskId } = await started({ ...ASKED, approvers: ["bob"] });
  let [from, to] = [BOB, CAROL];
  for (let times = 0; times < 100; times++) {
    await world.decide(taskId, { token: await world.token(taskId, from), delegateTo: to.caller }, from);
    [from, to] = [to, from];
  }
  expect(await refusal(world.decide(taskId, { token: await world.token(taskId, BOB), delegateTo: "carol" }, BOB))).toBe(
    "delegate",
  );
  await world.decide(taskId, { token: await world.token(taskId, BOB), choice: "approve" }, BOB);
  expect(await world.state(taskId)).toBe("completed");
});
