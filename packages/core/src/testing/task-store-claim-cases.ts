import { PRIORITY_STEP_MS } from "../ports/task-store.ts";
import { equal, present } from "./assertions.ts";
import {
  append,
  completed,
  FENCED,
  mail,
  OTHER,
  started,
  T0,
  type TaskStoreCase,
  TENANT,
  task,
} from "./task-store-fixture.ts";

const release = (dueAt: number | null) => ({ release: { dueAt } });

export const claimCases: readonly TaskStoreCase[] = [
  [
    "a claim raises the token, counts the attempt and brings the mailbox",
    async (it) => {
      await it.create(task("a"));
      await it.mustCommit({ mail: [mail("a", "m")] });
      const [claimed] = await it.claim();
      equal(
        [claimed?.head.token, claimed?.head.attempts, claimed?.mailbox.map(({ key }) => key)],
        [1, 1, ["m"]],
        "claimed",
      );
      equal(await it.head("a"), claimed?.head, "the head says the same");
    },
  ],
  [
    "a task is leased to one holder at a time, also when claims race (I1)",
    async (it) => {
      await it.create(...Array.from({ length: 20 }, (_, index) => task(`t${index}`)));
      const claims = await Promise.all(Array.from({ length: 8 }, () => it.claimed(5)));
      equal([claims.flat().length, new Set(claims.flat()).size], [20, 20], "claimed");
    },
  ],
  [
    "only tasks that are due are claimed, at most `limit`",
    async (it) => {
      await it.create(task("now"), task("later", { dueAt: T0 + 10 }), task("now2"));
      equal((await it.claimed(1)).length, 1, "limit");
      equal((await it.claimed()).length, 1, "the other one");
      await it.clock.advance(9);
      equal(await it.claimed(), [], "not yet");
      await it.clock.advance(1);
      equal(await it.claimed(), ["later"], "due");
    },
  ],
  [
    "a released task is claimed again when it is due, with a higher token that fences the earlier one (I1)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ taskId: "a", append: append(head, release(T0 + 10)) });
      equal(await it.claimed(), [], "before");
      await it.clock.advance(10);
      equal(
        (await it.claim()).map((claim) => claim.head.token),
        [2],
        "token",
      );
      equal(await it.commit({ taskId: "a", append: append({ seq: 2, token: 1 }) }), FENCED, "the first holder");
      await it.mustCommit({ taskId: "a", append: append({ seq: 2, token: 2 }) });
    },
  ],
  [
    "mail makes a waiting or sleeping task due now",
    async (it) => {
      await it.create(
        task("waits", { claimed: { state: "input-required", release: { dueAt: null } } }),
        task("sleeps", { claimed: { state: "working", release: { dueAt: T0 + 1000 } } }),
      );
      equal([await it.claimed(), await it.store.nextDue()], [[], T0 + 1000], "before");
      await it.mustCommit({ mail: [mail("waits", "m"), mail("sleeps", "m", { kind: "childFinished" })] });
      equal(await it.store.nextDue(), T0, "due");
      equal([...(await it.claimed())].sort(), ["sleeps", "waits"], "claimed");
    },
  ],
  [
    "mail does not put off a task that is due already",
    async (it) => {
      await it.create(task("a"));
      await it.clock.advance(50);
      await it.mustCommit({ mail: [mail("a", "m")] });
      equal((await it.head("a")).dueAt, T0, "dueAt");
    },
  ],
  [
    "mail that came while the holder worked wakes the task when it is released to wait (I5)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ mail: [mail("a", "taken"), mail("a", "late")] });
      await it.mustCommit({
        taskId: "a",
        append: append(head, { consume: ["taken"], state: "input-required", ...release(null) }),
      });
      equal(
        (await it.claim()).map((claim) => claim.mailbox.map(({ key }) => key)),
        [["late"]],
        "claimed",
      );
    },
  ],
  [
    "a parked task is woken by decisions only: retry, cancel, migrate (I10)",
    async (it) => {
      for (const kind of ["retry", "cancel", "migrate"] as const) {
        const head = await it.running(kind);
        await it.mustCommit({ taskId: kind, append: append(head, { state: "parked", ...release(null) }) });
        await it.mustCommit({
          mail: [mail(kind, "m"), mail(kind, "s", { kind: "signal" }), mail(kind, "c", { kind: "childFinished" })],
        });
        equal([await it.claimed(), (await it.head(kind)).dueAt], [[], null], "asleep");
        await it.mustCommit({ mail: [mail(kind, "wake", { kind })] });
        equal(
          (await it.claim()).map((claim) => [claim.head.taskId, claim.mailbox.length]),
          [[kind, 4]],
          "awake",
        );
      }
    },
  ],
  [
    "a task parked while mail waits stays parked, unless a decision is among it",
    async (it) => {
      const heads = [await it.running("message"), await it.running("cancel"), await it.running("migrate")];
      await it.mustCommit({
        mail: [
          mail("message", "m"),
          mail("cancel", "c", { kind: "cancel" }),
          mail("migrate", "g", { kind: "migrate" }),
        ],
      });
      for (const head of heads)
        await it.mustCommit({ taskId: head.taskId, append: append(head, { state: "parked", ...release(null) }) });
      equal((await it.claimed()).toSorted(), ["cancel", "migrate"], "claimed");
    },
  ],
  [
    "tenants take turns, one with a long queue does not hold up another",
    async (it) => {
      await it.create(...Array.from({ length: 10 }, (_, index) => task(`many-${index}`)));
      await it.store.commit([
        { tenantId: OTHER, create: [task("few-0", { dueAt: T0 }), task("few-1", { dueAt: T0 })] },
      ]);
      const tenants = (await it.claim(4)).map(({ head }) => head.tenantId);
      equal([...tenants].sort(), [TENANT, TENANT, OTHER, OTHER], "one claim of four");
      equal((await it.claimed()).length, 8, "the rest");
    },
  ],
  [
    "within a tenant a level of priority counts as a minute of waiting, so that low work is not passed over for ever",
    async (it) => {
      await it.create(
        ...[
          task("low", { priority: "low", dueAt: T0 - 9 }),
          task("normal-late", { dueAt: T0 }),
          task("normal-early", { dueAt: T0 - 5, agent: "other" }),
        ],
        ...[
          task("urgent", { priority: "urgent" }),
          task("high", { priority: "high" }),
          task("low-old", { priority: "low", dueAt: T0 - 2 * PRIORITY_STEP_MS - 1 }),
        ],
      );
      equal(await it.claimed(1), ["urgent"], "first");
      equal(await it.claimed(), ["low-old", "high", "normal-early", "normal-late", "low"], "order");
    },
  ],
  [
    "the most urgent are claimed also when all of them are of one agent and priority, and many others wait",
    async (it) => {
      const agents = ["a", "b", "c", "d", "e", "f"];
      const work = (prefix: string, agent: string, count: number, dueAt: number) =>
        Array.from({ length: count }, (_, index) => task(`${prefix}-${index}`, { agent, dueAt: dueAt + index }));
      await it.create(...agents.flatMap((agent) => work(`late-${agent}`, agent, 12, T0 - 100)));
      await it.create(...work("early", "c", 40, T0 - 1000));
      await it.store.commit([{ tenantId: OTHER, create: work("elsewhere", "c", 3, T0 - 10_000) }]);
      const slots = new Map(agents.map((agent) => [`${TENANT}/${agent}`, 41]));
      const claimed = await it.claim(45, { slots });
      const early = Array.from({ length: 40 }, (_, index) => `early-${index}`);
      const mine = claimed.filter(({ head }) => head.tenantId === TENANT).map(({ head }) => head.taskId);
      equal([mine.slice(0, 40), mine.length, claimed.length], [early, 42, 45], "claimed");
    },
  ],
  [
    "no more tasks of an agent are claimed than it has slots, and none of one without, in their tenant only",
    async (it) => {
      await it.create(...["a", "b", "c"].map((id) => task(id)), task("free", { agent: "other" }));
      await it.store.commit([{ tenantId: OTHER, create: [task("elsewhere")] }]);
      const claimed = async (slots: readonly (readonly [string, number])[], otherSlots?: number) =>
        (await it.claim(10, { slots: new Map(slots), otherSlots })).map(({ head }) => head.taskId).sort();
      equal(await claimed([[`${TENANT}/scorer`, 0]], 0), [], "no slot for anybody");
      equal(await claimed([[`${TENANT}/scorer`, 2]]), ["a", "b", "elsewhere", "free"], "two slots");
      equal(await claimed([], 1), ["c"], "agents not named");
    },
  ],
  [
    "exclusive tasks of one agent and context are claimed one after another, in order of creation",
    async (it) => {
      const exclusive = { exclusive: true, priority: "low" } as const;
      await it.create(task("first", exclusive), task("second", { exclusive: true, priority: "urgent" }));
      await it.create(
        task("other-context", { ...exclusive, contextId: "another" }),
        task("other-agent", { ...exclusive, agent: "other" }),
        task("other-caller", { ...exclusive, caller: "bob" }),
        task("not-exclusive"),
      );
      await it.store.commit([{ tenantId: OTHER, create: [task("elsewhere", exclusive)] }]);
      const [first, ...others] = [...(await it.claim())].sort(
        (left, right) => Number(right.head.taskId === "first") - Number(left.head.taskId === "first"),
      );
      equal(
        others.map(({ head }) => head.taskId).sort(),
        ["elsewhere", "not-exclusive", "other-agent", "other-caller", "other-context"],
        "beside the first",
      );
      const head = present(first, "first").head;
      await it.mustCommit({ taskId: "first", append: append(head, { state: "input-required", ...release(null) }) });
      equal(await it.claimed(), [], "while the first waits");
      await it.mustCommit({ mail: [mail("first", "m")] });
      const [again] = await it.claim();
      equal(again?.head.taskId, "first", "it is not in its own way");
      await it.mustCommit({
        taskId: "first",
        append: append(present(again, "again").head, { events: [completed], state: "completed", consume: ["m"] }),
      });
      equal(await it.claimed(), ["second"], "after it");
    },
  ],
  [
    "what has not begun and is canceled or too late is claimed without a slot, and before its turn in its context",
    async (it) => {
      const waiting = { exclusive: true } as const;
      await it.create(
        ...[task("first", waiting), task("canceled", waiting), task("late", { ...waiting, deadline: T0 + 10 })],
        task("waits", { ...waiting, deadline: T0 + 100 }),
      );
      const none = { slots: new Map([[`${TENANT}/scorer`, 0]]), otherSlots: 0 };
      const claimed = async () => (await it.claim(10, none)).map(({ head }) => head.taskId).sort();
      equal(await claimed(), [], "nobody has to end");
      await it.mustCommit({ mail: [mail("canceled", "c", { kind: "cancel" })] });
      equal(await claimed(), ["canceled"], "canceled");
      await it.clock.advance(10);
      equal(await claimed(), ["late"], "too late");
      equal(await claimed(), [], "once each");
    },
  ],
  [
    "what is parked and canceled is claimed without a slot, and before its turn in its context; what only waits longer is not (I10)",
    async (it) => {
      const parked = { claimed: { state: "parked", release: { dueAt: null } }, exclusive: true } as const;
      await it.create(
        ...[task("first", parked), task("canceled", parked), task("retried", parked)],
        task("late", { ...parked, deadline: T0 - 1 }),
      );
      const begun = { state: "input-required", release: { dueAt: null } } as const;
      await it.create(task("begun", { claimed: begun }));
      await it.store.commit([{ tenantId: OTHER, create: [task("canceled", parked)] }]);
      const none = { slots: new Map([[`${TENANT}/scorer`, 0]]), otherSlots: 0 };
      const claimed = async () =>
        (await it.claim(10, none)).map(({ head, mailbox }) => [
          head.tenantId,
          head.taskId,
          mailbox.map(({ kind }) => kind),
        ]);
      await it.mustCommit({ mail: [mail("retried", "r", { kind: "retry" })] });
      equal(await claimed(), [], "nobody has to end");
      await it.mustCommit({
        mail: [mail("canceled", "c", { kind: "cancel" }), mail("begun", "c", { kind: "cancel" })],
      });
      equal(await claimed(), [[TENANT, "canceled", ["cancel"]]], "canceled");
      equal(await claimed(), [], "once");
      const head = await it.head("canceled");
      await it.mustCommit({
        taskId: "canceled",
        append: append(head, { events: [], state: "parked", consume: ["c"], ...release(null) }),
      });
      equal(await claimed(), [], "a cancel that was taken in ends nothing");
    },
  ],
  [
    "leases are those held now, with the token of their claim (I10)",
    async (it) => {
      equal(await it.store.leases(), [], "none");
      await it.create(task("a"), task("b", { claimed: { state: "working" } }), task("c"));
      await it.store.commit([{ tenantId: OTHER, create: [task("a", { claimed: { state: "working" } })] }]);
      const [claimed] = await it.claim(1);
      const expected = [
        { tenantId: TENANT, taskId: present(claimed, "claimed").head.taskId, token: 1 },
        { tenantId: TENANT, taskId: "b", token: 1 },
        { tenantId: OTHER, taskId: "a", token: 1 },
      ];
      const sorted = (leases: readonly { readonly tenantId: string; readonly taskId: string }[]) =>
        leases.map((lease) => JSON.stringify(lease)).sort();
      equal(sorted(await it.store.leases()), sorted(expected), "leases");
      await it.mustCommit({ taskId: "b", append: append({ seq: 1, token: 1 }, release(null)) });
      equal((await it.store.leases()).length, 2, "after one was given back");
    },
  ],
  [
    "a lease is held until it is given back, lost or the task's end, with its token and in its tenant only (I1)",
    async (it) => {
      const holds = (taskId: string, token = 1, tenantId = TENANT) => it.store.holds({ tenantId, taskId, token });
      await it.create(
        task("waits"),
        task("runs", { claimed: { state: "working" } }),
        task("lost", { claimed: { state: "working" } }),
      );
      await it.create(task("released", { claimed: { state: "working", release: { dueAt: null } } }));
      const asked = async () => [
        await holds("waits"),
        await holds("runs"),
        await holds("released"),
        await holds("none"),
      ];
      equal(await asked(), [false, true, false, false], "as they were made");
      equal(
        [await holds("runs", 0), await holds("runs", 2), await holds("runs", 1, OTHER)],
        [false, false, false],
        "else",
      );
      equal(await it.claimed(), ["waits"], "claimed");
      equal(await asked(), [true, true, false, false], "after a claim");
      await it.mustCommit({ taskId: "waits", append: append({ seq: 1, token: 1 }, release(null)) });
      const ends = { events: [completed], state: "completed" as const };
      await it.mustCommit({ taskId: "runs", append: append({ seq: 1, token: 1 }, ends) });
      equal(await asked(), [false, false, false, false], "given back, and ended");
      equal(await holds("lost"), true, "of a process that lives");
      await it.reopen();
      equal([await holds("lost"), await holds("lost", 2)], [false, false], "of one that died");
    },
  ],
  [
    "attempts count claims and start anew with every event (I10)",
    async (it) => {
      await it.create(task("a"));
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        equal(
          (await it.claim()).map(({ head }) => [head.attempts, head.token > 0]),
          [[attempt, true]],
          "claimed",
        );
        await it.reopen();
      }
      const [claimed] = await it.claim();
      equal(claimed?.head.attempts, 4, "attempts");
      await it.mustCommit({
        taskId: "a",
        append: append(claimed?.head ?? { seq: 0, token: 0 }, { events: [started] }),
      });
      equal((await it.head("a")).attempts, 0, "after an event");
    },
  ],
  [
    "of the tasks leased here it tells those for which mail waits, until it was taken in (I5)",
    async (it) => {
      const head = await it.running("told");
      await it.running("quiet");
      await it.create(task("waits", { claimed: { state: "input-required", release: { dueAt: null } } }));
      await it.store.commit([{ tenantId: OTHER, create: [task("told", { claimed: { state: "working" } })] }]);
      equal(await it.store.leasedWithMail(), [], "no mail");
      await it.mustCommit({ mail: [mail("told", "1"), mail("told", "2", { kind: "cancel" }), mail("waits", "1")] });
      const told = [{ tenantId: TENANT, taskId: "told" }];
      equal(await it.store.leasedWithMail(), told, "mail");
      await it.mustCommit({ taskId: "told", append: append(head, { consume: ["1"] }) });
      equal(await it.store.leasedWithMail(), told, "some of it was taken in");
      await it.mustCommit({ taskId: "told", append: append({ seq: 2, token: 1 }, { consume: ["2"] }) });
      equal(await it.store.leasedWithMail(), [], "all of it was taken in");
      equal((await it.claim()).length, 1, "claimed");
      equal(await it.store.leasedWithMail(), [{ tenantId: TENANT, taskId: "waits" }], "claimed with mail");
    },
  ],
  [
    "a lease given back without an event does not count as an attempt",
    async (it) => {
      await it.create(task("a"));
      const [claimed] = await it.claim();
      await it.mustCommit({
        taskId: "a",
        append: append(claimed?.head ?? { seq: 0, token: 0 }, { events: [], state: "submitted", ...release(T0) }),
      });
      equal([(await it.head("a")).attempts, (await it.head("a")).seq], [0, 1], "head");
      equal(
        (await it.claim()).map(({ head }) => head.attempts),
        [1],
        "claimed again",
      );
    },
  ],
  [
    "after a crash everything acknowledged is there, and every lease is void and fenced (I1, I5, I10)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ taskId: "a", append: append(head), outbox: [{ id: "o", kind: "event", payload: 1 }] });
      await it.create(task("waits", { claimed: { state: "input-required", release: { dueAt: null } } }));
      await it.mustCommit({ mail: [mail("a", "m")] });
      await it.reopen();
      equal([await it.seqs("a"), await it.keys("a"), (await it.outbox()).length], [[1, 2], ["m"], 1], "data");
      equal(await it.commit({ taskId: "a", append: append({ seq: 2, token: head.token }) }), FENCED, "the dead holder");
      const claims = await it.claim();
      equal(
        claims.map((claim) => [claim.head.taskId, claim.head.token > head.token]),
        [["a", true]],
        "claimed at once",
      );
      equal(await it.commit({ taskId: "a", append: append({ seq: 2, token: head.token }) }), FENCED, "still fenced");
      await it.mustCommit({ taskId: "a", append: append(claims[0]?.head ?? head) });
    },
  ],
  [
    "nextDue is the earliest time of a task without a lease",
    async (it) => {
      equal(await it.store.nextDue(), null, "empty");
      await it.create(
        task("b", { dueAt: T0 + 20 }),
        task("a", { dueAt: T0 + 10 }),
        task("c", { claimed: { state: "working" }, dueAt: T0 - 1 }),
      );
      equal(await it.store.nextDue(), T0 + 10, "earliest");
      await it.clock.advance(10);
      await it.claim();
      equal(await it.store.nextDue(), T0 + 20, "next");
    },
  ],
  [
    "the backlog counts tasks that are due and wait, by tenant",
    async (it) => {
      await it.create(
        task("a"),
        task("b"),
        task("later", { dueAt: T0 + 10_000_000 }),
        task("runs", { claimed: { state: "working" } }),
      );
      await it.store.commit([{ tenantId: OTHER, create: [task("a")] }]);
      const backlog = await it.store.backlog();
      equal([backlog.size, backlog.get(TENANT), backlog.get(OTHER)], [2, 2, 1], "backlog");
      await it.claim();
      equal([...(await it.store.backlog())], [], "all run");
    },
  ],
];
