import type { CommitOutcome, CommitUnit, StaleReason } from "../ports/task-store.ts";
import { ensure, equal } from "./assertions.ts";
import {
  append,
  COMMITTED,
  canceled,
  completed,
  FENCED,
  mail,
  started,
  step,
  submitted,
  T0,
  type TaskStoreCase,
  TENANT,
  task,
} from "./task-store-fixture.ts";

const stale = (reason: StaleReason) => ({ outcome: "stale", reason }) as const;

export const commitCases: readonly TaskStoreCase[] = [
  [
    "rows of the outbox go with the unit that delivers them, which is refused when one is not there, and then writes nothing",
    async (it) => {
      await it.create(task("a"));
      await it.mustCommit({ outbox: ["1", "2", "3"].map((id) => ({ id, kind: "event" as const, payload: null })) });
      const rows = await it.outbox();
      const [one = 0, two = 0, three = 0] = rows.map(({ position }) => position);
      await it.mustCommit({ mail: [mail("a", "m1")], delivers: [one] });
      const again = { create: [task("b")], mail: [mail("a", "m2")], delivers: [two, one] };
      equal(await it.commit(again), stale("delivered"), "a row that is gone");
      equal(
        await it.commit({ ...again, tenantId: "other", delivers: [two] }),
        stale("missing"),
        "another tenant's task",
      );
      equal(await it.commit({ tenantId: "other", delivers: [two] }), stale("delivered"), "another tenant's row");
      equal(await it.commit({ mail: [mail("none", "m")], delivers: [two] }), stale("missing"), "refused for its mail");
      equal(await it.keys("a"), ["m1"], "mailbox");
      equal(await it.store.head({ tenantId: TENANT, taskId: "b" }), null, "no task");
      equal(
        (await it.outbox()).map(({ position }) => position),
        [two, three],
        "rows that are left, in order",
      );
      const outcomes = await it.store.commit([
        { tenantId: TENANT, mail: [mail("a", "m3")], delivers: [two] },
        { tenantId: TENANT, mail: [mail("a", "m4")], delivers: [two] },
        { tenantId: TENANT, delivers: [three] },
      ]);
      equal(outcomes, [COMMITTED, stale("delivered"), COMMITTED], "of two units one delivers a row");
      equal(await it.keys("a"), ["m1", "m3"], "what they brought");
      equal(await it.outbox(), [], "nothing is left");
    },
  ],
  [
    "of a unit whose last mail is refused the mail before it is not delivered either",
    async (it) => {
      await it.create(task("a"));
      const dropped = mail("a", "m", { ifTerminal: "drop" });
      equal(await it.commit({ mail: [dropped, mail("none", "m")] }), stale("missing"), "outcome");
      equal(await it.keys("a"), [], "mailbox");
    },
  ],
  [
    "a created task is there with its first events, numbered from 1, unclaimed and due",
    async (it) => {
      await it.create(
        task("a", { events: [submitted(), step(1)], deadline: T0 + 9, parent: { taskId: "p", path: "command:x#1" } }),
      );
      equal(
        await it.head("a"),
        {
          ...{
            tenantId: TENANT,
            taskId: "a",
            agent: "scorer",
            revision: "1",
            contextId: "context",
            caller: "ann",
            state: "submitted",
            seq: 2,
          },
          ...{
            checkpointSeq: 0,
            floor: 0,
            token: 0,
            leased: false,
            dueAt: T0,
            priority: "normal",
            attempts: 0,
            deadline: T0 + 9,
            createdAt: T0,
            updatedAt: T0,
          },
          parent: { taskId: "p", path: "command:x#1" },
        },
        "head",
      );
      equal(await it.seqs("a"), [1, 2], "log");
    },
  ],
  [
    "events come back as they were written, null and nested values too",
    async (it) => {
      const values = [null, { deep: [1, "ü💡\u0000", { x: false }] }, "text", 1.5];
      const head = await it.running("a");
      await it.mustCommit({ taskId: "a", append: append(head, { events: values.map(step) }) });
      const log = await it.store.readLog({ tenantId: TENANT, taskId: "a" }, { after: 1 });
      equal(
        log.map(({ data }) => data),
        values.map((value) => step(value).data),
        "results",
      );
    },
  ],
  [
    "a log has no gaps and no doubles, also with many appends in one batch (I6)",
    async (it) => {
      await it.running("a");
      const units = Array.from(
        { length: 50 },
        (_, index): CommitUnit => ({
          tenantId: TENANT,
          taskId: "a",
          append: append({ seq: 1 + 2 * index, token: 1 }, { events: [step(index), step(index)] }),
        }),
      );
      equal(
        await it.store.commit(units),
        units.map(() => COMMITTED),
        "outcomes",
      );
      equal(
        await it.seqs("a"),
        Array.from({ length: 101 }, (_, index) => index + 1),
        "log",
      );
    },
  ],
  [
    "of 200 units, one fenced and one stale, the other 198 are committed",
    async (it) => {
      const ids = Array.from({ length: 200 }, (_, index) => `task-${index}`);
      await it.create(...ids.map((id) => task(id, { claimed: { state: "working" } })));
      const outcomes = await it.store.commit(
        ids.map((taskId, index) => ({
          tenantId: TENANT,
          taskId,
          append: append({ seq: index === 50 ? 7 : 1, token: index === 100 ? 9 : 1 }),
        })),
      );
      equal(
        outcomes,
        ids.map((_, index) => (index === 50 ? stale("sequence") : index === 100 ? FENCED : COMMITTED)),
        "outcomes",
      );
      for (const [index, id] of ids.entries())
        equal((await it.head(id)).seq, index === 50 || index === 100 ? 1 : 2, `seq of ${id}`);
    },
  ],
  [
    "concurrent commits each get their own outcomes: of two that make the same task one is refused, with its name",
    async (it) => {
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          it.store.commit([{ tenantId: TENANT, create: [task(`task-${index % 20}`)] }]),
        ),
      );
      const refused = (index: number): CommitOutcome => ({ ...stale("exists"), existingTaskId: `task-${index}` });
      for (let index = 0; index < 20; index++) {
        const pair = [outcomes[index]?.[0], outcomes[index + 20]?.[0]];
        const winner = pair.findIndex((outcome) => outcome?.outcome === "committed");
        equal([pair[winner], pair[1 - winner]], [COMMITTED, refused(index)], `task ${index}`);
      }
    },
  ],
  [
    "a unit whose last part is refused leaves nothing of its other parts",
    async (it) => {
      const head = await it.running("a");
      await it.create(task("done", { claimed: { state: "completed" }, events: [submitted(), completed] }));
      const outcome = await it.commit({
        taskId: "a",
        append: append(head, { release: { dueAt: null } }),
        create: [task("child", { idempotencyKey: "k" })],
        mail: [mail("a", "m1"), mail("done", "m2")],
        outbox: [{ id: "o", kind: "event", payload: 1 }],
      });
      equal(outcome, stale("terminal"), "outcome");
      equal(await it.head("a"), head, "head");
      equal(await it.seqs("a"), [1], "log");
      equal(await it.keys("a"), [], "mailbox");
      equal(await it.store.head({ tenantId: TENANT, taskId: "child" }), null, "child");
      equal(await it.store.findByIdempotencyKey({ tenantId: TENANT, caller: "ann", idempotencyKey: "k" }), null, "key");
      equal(await it.outbox(), [], "outbox");
      equal(
        (await it.store.tail({ after: null, limit: 100 })).map((row) => row.taskId),
        ["a", "done", "done"],
        "tail",
      );
      // The holder goes on as if nothing had been tried: the lease is still its own.
      await it.mustCommit({ taskId: "a", append: append(head) });
    },
  ],
  [
    "a unit with all parts good has all of them",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({
        taskId: "a",
        append: append(head),
        create: [task("child")],
        mail: [mail("child", "hello"), mail("a", "self")],
        outbox: [{ id: "o", kind: "event", payload: { x: 1 } }],
      });
      equal([await it.seqs("a"), await it.keys("child"), await it.keys("a")], [[1, 2], ["hello"], ["self"]], "parts");
      equal(
        (await it.outbox()).map(({ id, payload }) => ({ id, payload })),
        [{ id: "o", payload: { x: 1 } }],
        "outbox",
      );
    },
  ],
  [
    "another token is fenced, whatever the sequence (I1)",
    async (it) => {
      const head = await it.running("a");
      equal(await it.commit({ taskId: "a", append: append({ seq: head.seq, token: 2 }) }), FENCED, "later token");
      equal(await it.commit({ taskId: "a", append: append({ seq: 99, token: 0 }) }), FENCED, "earlier token");
      equal(await it.seqs("a"), [1], "log");
    },
  ],
  [
    "a lease given back is no lease: its token is fenced (I1)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ taskId: "a", append: append(head, { release: { dueAt: T0 + 5 } }) });
      equal(await it.commit({ taskId: "a", append: append({ seq: 2, token: 1 }) }), FENCED, "outcome");
    },
  ],
  [
    "a task nobody claimed has no log to write (I1)",
    async (it) => {
      await it.create(task("a"));
      equal(await it.commit({ taskId: "a", append: append({ seq: 1, token: 0 }) }), FENCED, "outcome");
    },
  ],
  [
    "another sequence is stale",
    async (it) => {
      const head = await it.running("a");
      equal(
        await it.commit({ taskId: "a", append: append({ seq: head.seq + 1, token: head.token }) }),
        stale("sequence"),
        "ahead",
      );
      equal(
        await it.commit({ taskId: "a", append: append({ seq: 0, token: head.token }) }),
        stale("sequence"),
        "behind",
      );
    },
  ],
  [
    "an append to a task that is not there is stale",
    async (it) => {
      equal(await it.commit({ taskId: "nobody", append: append({ seq: 0, token: 0 }) }), stale("missing"), "outcome");
    },
  ],
  [
    "a terminal task never changes: of completion and cancel the first committed wins (I2)",
    async (it) => {
      const head = await it.running("a");
      const end = (event: typeof completed, state: "completed" | "canceled") => ({
        tenantId: TENANT,
        taskId: "a",
        append: append(head, { events: [event], state, requireEmptyMailbox: true }),
      });
      equal(
        await it.store.commit([end(completed, "completed"), end(canceled, "canceled")]),
        [COMMITTED, stale("terminal")],
        "outcomes",
      );
      equal(
        await it.commit({
          taskId: "a",
          append: append({ seq: 2, token: 1 }, { events: [completed], state: "completed" }),
        }),
        stale("terminal"),
        "again",
      );
      equal(await it.commit({ taskId: "a", append: append({ seq: 2, token: 1 }) }), stale("terminal"), "revival");
      const ended = await it.head("a");
      equal([ended.state, ended.seq, ended.dueAt, ended.updatedAt], ["completed", 2, null, T0 + 2], "head");
      equal(await it.claimed(), [], "claimed");
    },
  ],
  [
    "a mailbox key is unique for a task's life, also after it was consumed",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ mail: [mail("a", "m1", { payload: "first" })] });
      await it.mustCommit({ mail: [mail("a", "m1", { payload: "second" })] });
      equal(
        (await it.store.mailbox({ tenantId: TENANT, taskId: "a" })).items.map((item) => item.payload),
        ["first"],
        "payloads",
      );
      await it.mustCommit({
        taskId: "a",
        append: append(head, { consume: ["m1", "unknown"], release: { dueAt: null } }),
      });
      await it.mustCommit({ mail: [mail("a", "m1")] });
      equal(await it.keys("a"), [], "mailbox");
      equal((await it.head("a")).dueAt, null, "a repeat wakes nobody");
    },
  ],
  [
    "mail comes in order of arrival with its time",
    async (it) => {
      await it.create(task("a"));
      await it.clock.advance(5);
      await it.mustCommit({ mail: [mail("a", "z"), mail("a", "b", { kind: "signal", payload: null })] });
      await it.mustCommit({ mail: [mail("a", "a")] });
      const { items } = await it.store.mailbox({ tenantId: TENANT, taskId: "a" });
      equal(
        items.map(({ key, kind, payload }) => [key, kind, payload]),
        [
          ["z", "message", { text: "z" }],
          ["b", "signal", null],
          ["a", "message", { text: "a" }],
        ],
        "items",
      );
      ensure(
        items.every((item, index) => item.position > (items[index - 1]?.position ?? 0)),
        "positions must grow",
      );
      ensure(
        items.every((item) => item.insertedAt >= T0 + 5),
        "insertedAt is the store's time",
      );
    },
  ],
  [
    "mail for a terminal or missing task is refused with its unit, or dropped without it (I2, I5)",
    async (it) => {
      await it.create(task("done", { claimed: { state: "failed" }, events: [submitted(), completed] }), task("b"));
      equal(await it.commit({ mail: [mail("b", "m"), mail("done", "m")] }), stale("terminal"), "terminal");
      equal(await it.commit({ mail: [mail("b", "m"), mail("nobody", "m")] }), stale("missing"), "missing");
      equal(await it.keys("b"), [], "nothing came of refused units");
      await it.mustCommit({
        mail: [mail("done", "m", { ifTerminal: "drop" }), mail("nobody", "m", { ifTerminal: "drop" }), mail("b", "m")],
      });
      equal([await it.keys("done"), await it.keys("b")], [[], ["m"]], "mailboxes");
    },
  ],
  [
    "an end that asks for an empty mailbox is stale while mail waits, and goes through once it is consumed (I2, I5)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ mail: [mail("a", "m1"), mail("a", "m2")] });
      const end = { events: [completed], state: "completed", requireEmptyMailbox: true } as const;
      equal(
        await it.commit({ taskId: "a", append: append(head, { ...end, consume: ["m1"] }) }),
        stale("mailbox"),
        "one waits",
      );
      equal([await it.keys("a"), (await it.head("a")).seq], [["m1", "m2"], 1], "unchanged");
      await it.mustCommit({ taskId: "a", append: append(head, { ...end, consume: ["m1", "m2"] }) });
      equal(await it.keys("a"), [], "mailbox of an ended task");
    },
  ],
  [
    "consumed mail is gone, the rest stays",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ mail: [mail("a", "m1"), mail("a", "m2"), mail("a", "m3")] });
      await it.mustCommit({ taskId: "a", append: append(head, { consume: ["m2"] }) });
      equal(await it.keys("a"), ["m1", "m3"], "mailbox");
    },
  ],
  [
    "a task id that is taken is stale, or fine with `ignore`",
    async (it) => {
      await it.create(task("a"));
      equal(
        await it.commit({ create: [task("b"), task("a", { caller: "bob" })] }),
        { outcome: "stale", reason: "exists", existingTaskId: "a" },
        "outcome",
      );
      equal(await it.store.head({ tenantId: TENANT, taskId: "b" }), null, "neighbour in the unit");
      await it.mustCommit({
        create: [task("b"), task("a", { caller: "bob", ifExists: "ignore" })],
        mail: [mail("a", "m")],
      });
      equal(
        [(await it.head("a")).caller, await it.seqs("a"), await it.keys("a"), await it.seqs("b")],
        ["ann", [1], ["m"], [1]],
        "after ignore",
      );
    },
  ],
  [
    "an idempotency key makes one task per tenant and caller, whichever agent takes it",
    async (it) => {
      await it.create(task("a", { idempotencyKey: "k" }));
      const again = await it.commit({ create: [task("b", { idempotencyKey: "k" })] });
      equal(again, { outcome: "stale", reason: "exists", existingTaskId: "a" }, "outcome");
      const elsewhere = await it.commit({ create: [task("d", { idempotencyKey: "k", agent: "other" })] });
      equal(elsewhere, { outcome: "stale", reason: "exists", existingTaskId: "a" }, "of another agent");
      await it.create(task("c", { idempotencyKey: "k", caller: "bob" }));
      const find = (caller: string, idempotencyKey = "k") =>
        it.store.findByIdempotencyKey({ tenantId: TENANT, caller, idempotencyKey });
      equal([await find("ann"), await find("bob"), await find("ann", "x")], ["a", "c", null], "found");
    },
  ],
  [
    "of concurrent creations with one idempotency key exactly one is committed, and the others are told its id",
    async (it) => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => it.commit({ create: [task(`t${index}`, { idempotencyKey: "k" })] })),
      );
      const others = outcomes.filter(({ outcome }) => outcome !== "committed");
      equal(others.length, 19, "not committed");
      const { heads } = await it.store.list({ tenantId: TENANT, limit: 100 });
      equal(heads.length, 1, "tasks");
      for (const other of others)
        equal(other, { outcome: "stale", reason: "exists", existingTaskId: heads[0]?.taskId }, "outcome");
    },
  ],
  [
    "a task created claimed belongs to its maker with token 1 and one attempt",
    async (it) => {
      const head = await it.running("a", { events: [submitted(), started] });
      equal([head.state, head.token, head.attempts, head.seq], ["working", 1, 1, 2], "head");
      equal(await it.claimed(), [], "claimed");
      await it.mustCommit({ taskId: "a", append: append(head) });
    },
  ],
  [
    "a task created claimed may be released or ended in the same unit",
    async (it) => {
      await it.create(
        task("waits", { claimed: { state: "input-required", checkpointSeq: 1, release: { dueAt: null } } }),
        task("sleeps", { claimed: { state: "working", release: { dueAt: T0 + 10 } } }),
        task("ended", { claimed: { state: "completed" }, events: [submitted(), completed] }),
      );
      const heads = await Promise.all(["waits", "sleeps", "ended"].map((id) => it.head(id)));
      equal(
        heads.map((head) => [head.state, head.dueAt, head.checkpointSeq]),
        [
          ["input-required", null, 1],
          ["working", T0 + 10, 0],
          ["completed", null, 0],
        ],
        "heads",
      );
      equal(await it.claimed(), [], "now");
      await it.clock.advance(10);
      equal(await it.claimed(), ["sleeps"], "later");
    },
  ],
  [
    "the checkpoint number stays until it is set again",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({
        taskId: "a",
        append: append(head, { checkpointSeq: 2, events: [{ ...started, at: T0 + 7 }] }),
      });
      await it.mustCommit({
        taskId: "a",
        append: append({ seq: 2, token: 1 }, { events: [{ ...started, at: T0 + 8 }], state: "input-required" }),
      });
      equal((await it.head("a")).checkpointSeq, 2, "head");
    },
  ],
  [
    "a task has another revision from the unit on that gives it one, in lists and for whoever claims it",
    async (it) => {
      const head = await it.running("a");
      const to = async (seq: number, more: Partial<Parameters<typeof append>[1]>) =>
        it.mustCommit({
          taskId: "a",
          append: append({ seq, token: 1 }, { events: [{ ...started, at: T0 + 7 }], ...more }),
        });
      await to(head.seq, { revision: "another" });
      equal((await it.head("a")).revision, "another", "head");
      await to(head.seq + 1, {});
      await to(head.seq + 2, { release: { dueAt: T0 } });
      equal((await it.head("a")).revision, "another", "head after others");
      const { heads } = await it.store.list({ tenantId: head.tenantId, limit: 10 });
      equal(
        heads.map(({ revision }) => revision),
        ["another"],
        "listed",
      );
      const [claimed] = await it.store.claim({ limit: 1, now: it.clock.now() });
      equal(claimed?.head.revision, "another", "claimed");
      const stale = await it.commit({ taskId: "a", append: append({ seq: 1, token: 1 }, { revision: "stale" }) });
      equal(stale?.outcome, "fenced", "refused");
      equal((await it.head("a")).revision, "another", "after what was refused");
    },
  ],
  [
    "updatedAt tells of the last event that made a status, as progress does without a change of state, and of no other",
    async (it) => {
      const call = { path: "p", kind: "step" } as const;
      const progress = (at: number) => ({
        type: "task.progressed" as const,
        at,
        data: { ...call, message: "half" },
      });
      const step = (at: number) => ({ type: "step.started" as const, at, data: { ...call, attempt: 1 } });
      await it.create(task("a", { claimed: { state: "working" }, events: [submitted(), started, step(T0 + 3)] }));
      const times: number[] = [(await it.head("a")).updatedAt];
      let seq = 3;
      for (const [events, more] of [
        [[progress(T0 + 5)], {}],
        [[step(T0 + 6)], {}],
        [[progress(T0 + 7), step(T0 + 8)], { checkpointSeq: 1 }],
        [[step(T0 + 9)], { checkpointSeq: 1 }],
        [[step(T0 + 10), { ...started, at: T0 + 11 }, step(T0 + 12)], { state: "input-required" }],
      ] as const) {
        await it.mustCommit({ taskId: "a", append: append({ seq, token: 1 }, { state: "working", events, ...more }) });
        seq += events.length;
        times.push((await it.head("a")).updatedAt);
      }
      equal(times, [started.at, T0 + 5, T0 + 5, T0 + 7, T0 + 7, T0 + 11], "times");
      const { updatedAt } = await it.head("a");
      for (const events of [[progress(T0 + 13)], [progress(T0 + 14), step(T0 + 15)]]) {
        await it.mustCommit({ taskId: "a", append: append({ seq, token: 1 }, { state: "input-required", events }) });
        seq += events.length;
        equal((await it.head("a")).updatedAt, updatedAt, "time after progress of a task that asks");
      }
      const asking = [submitted(), { ...started, at: T0 + 2 }, progress(T0 + 4)];
      await it.create(task("b", { claimed: { state: "auth-required" }, events: asking }));
      equal((await it.head("b")).updatedAt, T0 + 2, "time of a task made asking");
      const found = async (updatedSince: number) =>
        (await it.store.list({ tenantId: TENANT, updatedSince, limit: 9 })).heads.length;
      equal([await found(T0 + 11), await found(T0 + 12)], [1, 0], "found since");
    },
  ],
];
