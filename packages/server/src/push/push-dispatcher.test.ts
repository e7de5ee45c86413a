import { PlatformError } from "@agentcore/contract";
import type { KeyValue } from "@agentcore/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PushFixture, SCOPE } from "../../test/push/push-fixture.ts";
import type { SendOutcome } from "./webhook-sender.ts";

const REFUSAL: SendOutcome = { taken: false, kind: "transient", error: "HTTP 503" };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What becomes of questions for the lease alone. */
const leasesOf = ({ keyValue }: PushFixture) => {
  let store: "answers" | "fails" | "hangs" = "answers";
  const again = Promise.withResolvers<void>();
  const answer = <T>(work: () => Promise<T>): Promise<T> => {
    if (store === "fails") return Promise.reject(new PlatformError("STORE_UNAVAILABLE", "it is away"));
    return store === "hangs" ? again.promise.then(work) : work();
  };
  const leases = {
    get: (...given) => answer(() => keyValue.get(...given)),
    put: (...given) => answer(() => keyValue.put(...given)),
    delete: (...given) => answer(() => keyValue.delete(...given)),
  } satisfies Partial<KeyValue> as unknown as KeyValue;
  const become = (next: typeof store): void => {
    store = next;
    if (store === "answers") again.resolve();
  };
  return { leases, become };
};

let push: PushFixture;
beforeEach(() => {
  push = new PushFixture();
});
afterEach(async () => {
  await push.close();
  expect(push.listeners).toBe(0);
  expect(push.clock.nextTimerAt()).toBeNull();
});

describe("what is sent", () => {
  test("is the task as it was first, then each event's notifications, in order, to the end", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.progress("t", "one");
    push.append("t", { type: "step.completed", data: { path: "s", kind: "step", result: 1 } });
    await push.settle();
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0", "5.0", "5.1"]);
    const status = { taskId: "t", contextId: "context-t" };
    expect(push.sent.map(({ body }) => body)).toMatchObject([
      { task: { id: "t", contextId: "context-t", status: { state: "TASK_STATE_SUBMITTED" } } },
      { statusUpdate: { ...status, status: { state: "TASK_STATE_WORKING" } } },
      { statusUpdate: { ...status, status: { message: { contextId: "context-t", parts: [{ text: "one" }] } } } },
      { artifactUpdate: { ...status, artifact: { parts: [{ text: "done" }] }, lastChunk: true } },
      { statusUpdate: { ...status, status: { state: "TASK_STATE_COMPLETED" } } },
    ]);
    expect(await push.record("t")).toMatchObject({ state: "done", acknowledged: 5 });
  });

  test("begins, for a task that goes on, with the task as it was when it was registered", async () => {
    push.start();
    push.task("t");
    push.progress("t", "before");
    await push.register("t", {}, { from: 3 });
    push.progress("t", "after");
    await push.settle();
    expect(push.events).toEqual(["3.0", "4.0"]);
    expect(push.sent[0]?.body.task.status.message.parts).toEqual([{ text: "before" }]);
  });

  test("is, for a task that has ended, the task; the configuration stays for an hour", async () => {
    push.start();
    push.task("t");
    push.complete("t");
    await push.register("t", {}, { from: 3 });
    await push.settle();
    expect(push.sent).toMatchObject([{ body: { task: { status: { state: "TASK_STATE_COMPLETED" } } } }]);
    expect(await push.configs.get(SCOPE, "t", "c")).toMatchObject({ id: "c" });
    await push.clock.advance(3_600_001);
    await expect(push.configs.get(SCOPE, "t", "c")).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    expect(push.sent).toHaveLength(1);
  });

  test("of a log that was compacted meanwhile, is the task in place of what is gone", async () => {
    push.task("t");
    push.progress("t", "one");
    push.progress("t", "two");
    await push.register("t");
    push.compact("t", 4, {
      id: "t",
      contextId: "context-t",
      status: { state: "TASK_STATE_WORKING" },
      metadata: { is: "folded" },
    });
    push.progress("t", "three");
    push.start();
    await push.settle();
    expect(push.events).toEqual(["4.0", "5.0"]);
    expect(push.sent[0]?.body.task.metadata).toEqual({ is: "folded" });
  });

  test("to a webhook of 0.3, is its task after each event", async () => {
    push.start();
    push.task("t");
    await push.register("t", {}, { version: "0.3" });
    await push.settle();
    push.complete("t");
    await push.settle();
    const task = { kind: "task", id: "t" };
    expect(push.sent.map(({ at, body }) => [at, body])).toEqual([
      ["1.0", { ...task, state: "TASK_STATE_SUBMITTED" }],
      ["2.0", { ...task, state: "TASK_STATE_WORKING" }],
      ["3.0", { ...task, state: "TASK_STATE_COMPLETED" }],
    ]);
  });

  test("is seen within seconds also when nobody is told that a log has grown", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.tellsOfLogs = false;
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0"]);
    await push.clock.advance(10_000);
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0", "3.1"]);
  });

  test("is seen at once also when it comes in the moment in which the end of the log was read", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    let isToCome = true;
    push.onEndOfLog = () => {
      if (isToCome) push.progress("t", "late");
      isToCome = false;
    };
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0"]);
  });

  test("goes to all of a task's webhooks, and to those of each tenant", async () => {
    push.start();
    const acme = { tenantId: "acme", caller: "bob" };
    for (const tenantId of ["default", "acme"]) push.task("t", tenantId);
    await push.register("t", { id: "a", url: "https://a.example/" });
    await push.register("t", { id: "b", url: "https://b.example/" });
    await push.register("t", { id: "c", url: "https://c.example/" }, { scope: acme });
    await push.settle();
    push.complete("t", "acme");
    await push.settle();
    const to = (url: string) => push.sent.flatMap((sent) => (sent.url === url ? [sent.at] : []));
    expect(to("https://a.example/")).toEqual(["1.0", "2.0"]);
    expect(to("https://b.example/")).toEqual(["1.0", "2.0"]);
    expect(to("https://c.example/")).toEqual(["1.0", "2.0", "3.0", "3.1"]);
    const counted = 'agentcore_push_notifications_total{tenant="acme",outcome="delivered"} 4';
    expect(push.metrics.render("acme")).toContain(counted);
    expect(push.metrics.render("default")).not.toContain("acme");
  });
});

describe("a webhook that takes nothing", () => {
  test("is asked again later and later, in order, and nothing is left out", async () => {
    let failures = 5;
    push.answer = () => (failures-- > 0 ? REFUSAL : { taken: true });
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.complete("t");
    await push.clock.advance(100 + 200 + 400 + 800 + 1600);
    await push.settle();
    expect(push.events).toEqual([...Array<string>(6).fill("1.0"), "2.0", "3.0", "3.1"]);
    const [start = 0] = push.sent.map(({ time }) => time);
    expect(push.sent.slice(0, 6).map(({ time }) => time - start)).toEqual([0, 100, 300, 700, 1500, 3100]);
    expect(await push.record("t")).toMatchObject({ state: "done", attempts: 0 });
    expect(await push.record("t")).not.toHaveProperty("lastError");
    const warnings = push.logger.records.filter(({ level }) => level === "warn");
    expect(warnings).toMatchObject([{ fields: { tenantId: "default", taskId: "t", host: "hook.example" } }]);
  });

  test("of one event's two notifications gets only the second again when it took the first", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    push.answer = ({ frame }) => (frame === 1 ? REFUSAL : { taken: true });
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0", "3.1"]);
    push.answer = () => ({ taken: true });
    await push.clock.advance(100);
    await push.settle();
    expect(push.events.slice(4)).toEqual(["3.1"]);
  });

  test("does not hold up another, and its queue is counted", async () => {
    push.answer = ({ record }) => (record.config.url.includes("bad") ? REFUSAL : { taken: true });
    push.start();
    push.task("t");
    await push.register("t", { id: "bad", url: "https://bad.example/?key=hidden" });
    await push.register("t", { id: "good", url: "https://good.example/" });
    push.complete("t");
    await push.settle();
    expect((await push.record("t", "good"))?.state).toBe("done");
    expect(push.metrics.render("default")).toContain('agentcore_push_queue{tenant="default"} 1');
    expect(JSON.stringify(push.logger.records)).not.toContain("hidden");
  });

  test("is asked again at its time also when the clock is set back meanwhile, by this node and the next", async () => {
    push.answer = () => REFUSAL;
    const first = push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.clock.jump(-HOUR_MS);
    await push.clock.advance(100 + 200);
    expect(push.events).toEqual(["1.0", "1.0", "1.0"]);
    await first.close();
    push.clock.jump(-DAY_MS);
    push.answer = () => ({ taken: true });
    push.start({ node: "n2" });
    await push.clock.advance(1_000);
    expect(push.events.slice(3)).toEqual(["1.0", "2.0"]);
  });

  test("is given up after a day, which is told; a change tries again", async () => {
    push.answer = () => REFUSAL;
    push.start();
    push.task("t");
    await push.register("t");
    for (let hours = 0; hours < 27; hours += 1) await push.clock.advance(DAY_MS / 24);
    const attempts = push.sent.length;
    expect(attempts).toBe(40);
    expect(await push.record("t")).toMatchObject({ state: "abandoned", lastError: "HTTP 503" });
    expect(push.logger.records.filter(({ level }) => level === "error")).toHaveLength(1);
    expect(await push.configs.states(SCOPE, "t")).toEqual([
      {
        ...{ id: "c", host: "hook.example", state: "abandoned", acknowledged: 0, attempts },
        ...{ nextAttemptAt: null, lastError: "HTTP 503" },
      },
    ]);
    push.answer = () => ({ taken: true });
    await push.clock.advance(DAY_MS);
    expect(push.sent).toHaveLength(attempts);
    await push.register("t", { url: "https://mended.example/" });
    await push.settle();
    expect(push.sent.slice(attempts)).toMatchObject([{ at: "1.0", url: "https://mended.example/" }, { at: "2.0" }]);
  });

  test("is not given up for the time in which no node was there to send", async () => {
    push.answer = () => REFUSAL;
    push.start();
    push.task("t");
    await push.register("t");
    await push.clock.advance(2 * HOUR_MS);
    await push.close();
    await push.clock.advance(2 * DAY_MS);
    const before = push.sent.length;
    push.start({ node: "n2" });
    await push.clock.advance(20 * HOUR_MS);
    expect(push.sent.length).toBeGreaterThan(before + 15);
    expect(await push.record("t")).toMatchObject({ state: "open" });
    await push.clock.advance(4 * HOUR_MS);
    expect(await push.record("t")).toMatchObject({ state: "abandoned" });
  });

  test("is named to callers without the address that its name leads to, which is logged", async () => {
    push.answer = () => ({ ...REFUSAL, error: "no answer: ECONNREFUSED", detail: "connect ECONNREFUSED 10.0.0.1:80" });
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    expect(JSON.stringify(await push.configs.states(SCOPE, "t"))).not.toContain("10.0.0.1");
    expect(push.logger.records[0]?.message).toContain("10.0.0.1");
  });

  test("in good time does not keep others waiting until it has all", async () => {
    push.answer = async ({ key }) => {
      if (key.taskId === "slow") await new Promise<void>((resolve) => void push.clock.after(4_000, resolve));
      return { taken: true };
    };
    for (const id of ["slow", "quick"]) push.task(id);
    for (let index = 0; index < 20; index += 1) push.progress("slow", String(index));
    push.start({ limits: { all: 1, perTenant: 1, perLane: 1 } });
    await push.register("slow", { url: "https://slow.example/" });
    await push.settle();
    await push.register("quick", { url: "https://quick.example/" });
    // Of the 88 s that the slow one takes.
    await push.clock.advance(40_000);
    expect(push.sent.filter(({ url }) => url.includes("quick")).map(({ at }) => at)).toEqual(["1.0", "2.0"]);
    await push.clock.advance(120_000);
    expect(push.sent.filter(({ url }) => url.includes("slow"))).toHaveLength(22);
  });

  test("that says 410 is deleted", async () => {
    push.answer = () => ({ taken: false, kind: "gone", error: "HTTP 410" });
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.complete("t");
    await push.clock.advance(DAY_MS);
    expect(push.events).toEqual(["1.0"]);
    expect(await push.record("t")).toBeUndefined();
  });

  test("waits for as long as it asks", async () => {
    push.answer = () => ({ ...REFUSAL, retryAfterMs: 30_000 }) as SendOutcome;
    push.start();
    push.task("t");
    await push.register("t");
    await push.clock.advance(29_000);
    expect(push.sent).toHaveLength(1);
    await push.clock.advance(2_000);
    expect(push.sent).toHaveLength(2);
  });
});

describe("a configuration that is changed", () => {
  test("while its webhook says 410 stays, and the webhook that it names now gets all", async () => {
    push.answer = async ({ record }) => {
      if (record.config.url.includes("new")) return { taken: true };
      await push.register("t", { url: "https://new.example/" });
      return { taken: false, kind: "gone", error: "HTTP 410" };
    };
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "1.0", "2.0", "3.0", "3.1"]);
    expect(await push.record("t")).toMatchObject({ state: "done", config: { url: "https://new.example/" } });
  });

  test("and deleted and made anew in the middle of its last notification gets all of its own", async () => {
    push.start();
    push.task("t");
    push.complete("t");
    await push.register("t");
    let isAnew = false;
    push.answer = async ({ seq, frame }) => {
      if (!isAnew && seq === 3 && frame === 1) {
        isAnew = true;
        await push.configs.delete(SCOPE, "t", "c");
        await push.register("t", { url: "https://hook.example/anew" });
      }
      return { taken: true };
    };
    await push.settle();
    const anew = push.sent.flatMap(({ at, url }) => (url.endsWith("/anew") ? [at] : []));
    expect(anew).toEqual(["1.0", "2.0", "3.0", "3.1"]);
  });

  test("and deleted and made anew by another node gets also what the one before it had looked at", async () => {
    push.keyValue.watch = () => () => {};
    push.start();
    push.task("t");
    push.progress("t", "one");
    await push.register("t");
    await push.clock.advance(10_000);
    expect(push.events).toEqual(["1.0", "2.0", "3.0"]);
    push.answer = ({ seq }) => (seq === 2 ? REFUSAL : { taken: true });
    await push.configs.delete(SCOPE, "t", "c");
    await push.register("t");
    await push.clock.advance(10_000);
    push.answer = () => ({ taken: true });
    await push.clock.advance(60_000);
    expect([...new Set(push.events.slice(3))]).toEqual(["1.0", "2.0", "3.0"]);
  });

  test("and deleted in the middle gets nothing more", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    push.progress("t", "one");
    push.answer = async ({ seq }) => {
      if (seq === 2) await push.configs.delete(SCOPE, "t", "c");
      return { taken: true };
    };
    await push.settle();
    push.complete("t");
    await push.clock.advance(60_000);
    expect(push.events).toEqual(["1.0", "2.0"]);
    expect(await push.record("t")).toBeUndefined();
  });

  test("while it waits for its next attempt gets nothing more when deleted, and at once when mended", async () => {
    push.answer = () => REFUSAL;
    push.start();
    push.task("t");
    for (const id of ["deleted", "mended"]) await push.register("t", { id, url: `https://${id}.example/` });
    await push.clock.advance(100 + 200 + 400);
    const before = push.sent.length;
    push.answer = () => ({ taken: true });
    await push.configs.delete(SCOPE, "t", "deleted");
    await push.register("t", { id: "mended", url: "https://new.example/" });
    await push.settle();
    expect(push.sent.slice(before).map(({ at, url }) => [at, url])).toEqual([
      ["1.0", "https://new.example/"],
      ["2.0", "https://new.example/"],
    ]);
    await push.clock.advance(60_000);
    expect(push.sent).toHaveLength(before + 2);
  });

  test("while a notification is under way: what was taken stays taken, the rest goes where it says now", async () => {
    push.answer = async ({ seq, record }) => {
      if (seq === 1) await push.register("t", { url: "https://new.example/" });
      expect(record.config.url).toBe(seq === 1 ? "https://hook.example/" : "https://new.example/");
      return { taken: true };
    };
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0", "3.1"]);
  });

  test.each(["after its first notification failed to be followed", "while its first notification is under way"])(
    "to 0.3 in the middle of the last event, %s, gets the task as it ended",
    async (moment) => {
      const change = () => push.register("t", { url: "https://new.example/" }, { version: "0.3" });
      const isUnderWay = moment.startsWith("while");
      push.start();
      push.task("t");
      await push.register("t");
      push.answer = async ({ seq, frame, record }) => {
        if (record.version === "0.3") return { taken: true };
        if (isUnderWay && seq === 3 && frame === 0) await change();
        return frame === 1 ? REFUSAL : { taken: true };
      };
      push.complete("t");
      await push.settle();
      if (!isUnderWay) await change();
      await push.settle();
      expect(push.sent.at(-1)).toMatchObject({ at: "3.0", url: "https://new.example/", body: { kind: "task" } });
      expect(await push.record("t")).toMatchObject({ state: "done", acknowledged: 3 });
      expect(await push.record("t")).not.toHaveProperty("partial");
    },
  );

  test("in the moment in which a failure is stored is tried at once", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    const put = push.store.put.bind(push.store);
    push.store.put = async (key, record, version) => {
      const stored = await put(key, record, version);
      if (record.attempts === 1) await push.register("t", { url: "https://new.example/" });
      return stored;
    };
    push.answer = ({ record }) => (record.config.url.includes("new") ? { taken: true } : REFUSAL);
    push.progress("t", "one");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0", "3.0", "3.0"]);
  });

  test("is seen within seconds also when nobody is told", async () => {
    push.keyValue.watch = () => () => {};
    push.answer = () => REFUSAL;
    push.start();
    push.task("t");
    await push.register("t");
    await push.clock.advance(10_000);
    expect(push.sent.length).toBeGreaterThan(0);
    push.answer = ({ record }) =>
      record.config.url.includes("new") ? { taken: true } : { ...REFUSAL, retryAfterMs: DAY_MS };
    await push.clock.advance(60_000);
    await push.register("t", { url: "https://new.example/" });
    await push.clock.advance(10_000);
    expect(push.events.slice(-2)).toEqual(["1.0", "2.0"]);
  });

  test("of a task that is removed goes with it", async () => {
    push.answer = () => REFUSAL;
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.remove("t");
    await push.clock.advance(1_000);
    expect(await push.record("t")).toBeUndefined();
  });
});

describe("nodes", () => {
  test("a node that goes on sends what was not acknowledged, at its time, and nothing else again", async () => {
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    push.answer = () => ({ ...REFUSAL, retryAfterMs: 20_000 }) as SendOutcome;
    push.progress("t", "one");
    await push.settle();
    await push.close();
    push.complete("t");
    push.answer = () => ({ taken: true });
    push.start({ node: "n2" });
    await push.clock.advance(19_000);
    expect(push.events).toEqual(["1.0", "2.0", "3.0"]);
    await push.clock.advance(2_000);
    expect(push.events.slice(3)).toEqual(["3.0", "4.0", "4.1"]);
  });

  test("one that is closed in the middle of a notification leaves it to the next", async () => {
    const { promise, resolve: answer } = Promise.withResolvers<SendOutcome>();
    push.answer = () => promise;
    const first = push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    let isClosed = false;
    const closed = first.close().then(() => (isClosed = true));
    await push.settle();
    // It is under way yet: who closes the store behind it waits.
    expect(isClosed).toBe(false);
    answer({ taken: true });
    await closed;
    expect((await push.record("t"))?.acknowledged).toBe(0);
    push.answer = () => ({ taken: true });
    push.start({ node: "n2" });
    await push.settle();
    expect(push.events).toEqual(["1.0", "1.0", "2.0"]);
  });

  test("one of two sends; when it is gone, the other goes on", async () => {
    const first = push.start({ node: "n1" });
    await push.settle();
    push.start({ node: "n2" });
    push.task("t");
    await push.register("t");
    push.progress("t", "one");
    await push.clock.advance(60_000);
    expect(push.events).toEqual(["1.0", "2.0", "3.0"]);
    await first.close();
    push.complete("t");
    await push.clock.advance(5_000);
    expect(push.events.slice(3)).toEqual(["4.0", "4.1"]);
  });

  test("one whose lease somebody else has stops, and begins again when it is free", async () => {
    push.start({ node: "n1" });
    push.task("t");
    await push.register("t");
    await push.settle();
    const scope = { tenantId: "system", namespace: "turns" };
    await push.keyValue.put(scope, "push", "n2", { ttlMs: 20_000 });
    await push.clock.advance(10_000);
    push.progress("t", "one");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0"]);
    expect(push.listeners).toBe(0);
    await push.clock.advance(20_000);
    expect(push.events).toEqual(["1.0", "2.0", "3.0"]);
  });

  test("one that cannot renew its lease once breaks off nothing that is under way", async () => {
    const { leases, become } = leasesOf(push);
    const { promise, resolve: answer } = Promise.withResolvers<SendOutcome>();
    push.answer = () => promise;
    push.start({ leases });
    push.task("t");
    await push.register("t");
    await push.clock.advance(5_000);
    become("fails");
    await push.clock.advance(9_000);
    become("answers");
    await push.clock.advance(20_000);
    answer({ taken: true });
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0"]);
  });

  test("one whose lease has run out sends nothing more, though its store gives no answer, and another does", async () => {
    const { leases, become } = leasesOf(push);
    const { promise, resolve: answer } = Promise.withResolvers<SendOutcome>();
    push.answer = () => promise;
    push.start({ leases });
    push.task("t");
    await push.register("t");
    await push.clock.advance(1_000);
    become("hangs");
    push.start({ node: "n2" });
    await push.clock.advance(30_000);
    // To the first one's webhook, and to the other's.
    expect(push.events).toEqual(["1.0", "1.0"]);
    answer({ taken: true });
    await push.settle();
    expect(push.events).toEqual(["1.0", "1.0", "2.0"]);
    become("answers");
  });

  test("what cannot be read of one task is said once, and holds up no other", async () => {
    let isUnreadable = true;
    const { store } = push;
    const get = store.get.bind(store);
    store.get = async (key) => {
      if (isUnreadable && key.taskId === "bad") throw new PlatformError("PAYLOAD_UNREADABLE", "no key");
      return get(key);
    };
    push.start();
    for (const taskId of ["bad", "good"]) push.task(taskId);
    // As after a restart: what is new would be read by its registration.
    const record = {
      uid: "u",
      version: "1.0",
      caller: "ann",
      createdAt: 0,
      state: "open",
      from: 1,
      acknowledged: 0,
    } as const;
    for (const taskId of ["bad", "good"]) {
      const config = { id: "c", taskId, url: `https://${taskId}.example/` };
      const key = { tenantId: "default", taskId, configId: "c" };
      await store.put(key, { ...record, config, attempts: 0, nextAttemptAt: 0 }, 0);
    }
    await push.clock.advance(60_000);
    expect(push.sent.map(({ url }) => url)).toEqual(["https://good.example/", "https://good.example/"]);
    expect(push.logger.records).toMatchObject([{ level: "error", fields: { tenantId: "default", taskId: "bad" } }]);
    isUnreadable = false;
    await push.clock.advance(10_000);
    expect(push.events).toEqual(["1.0", "2.0", "1.0", "2.0"]);
  });

  test("a store that gives no answer stops nothing for good", async () => {
    const failing = { now: false };
    const { store } = push;
    const get = store.get.bind(store);
    store.get = async (key) => {
      if (failing.now) throw new Error("away");
      return get(key);
    };
    push.start();
    push.task("t");
    await push.register("t");
    await push.settle();
    failing.now = true;
    push.complete("t");
    await push.settle();
    expect(push.events).toEqual(["1.0", "2.0"]);
    failing.now = false;
    await push.clock.advance(10_000);
    expect(push.events.slice(2)).toEqual(["3.0", "3.1"]);
  });

  test("more webhooks than are listened for at once all get theirs", async () => {
    push.start({ maxEntries: 2 });
    for (const id of ["t1", "t2", "t3", "t4", "t5"]) {
      push.task(id);
      await push.register(id, { url: `https://${id}.example/` });
    }
    await push.clock.advance(30_000);
    expect(push.sent).toHaveLength(5 * 2);
    // Who waits for the others to end would wait for ever.
    push.complete("t5");
    await push.clock.advance(10_000);
    expect(await push.record("t5")).toMatchObject({ state: "done" });
    expect(push.sent).toHaveLength(5 * 2 + 2);
    expect(push.listeners).toBeLessThanOrEqual(2);
  });

  test("a log of a thousand events goes out in turns, once each", async () => {
    push.start();
    push.task("t");
    for (let index = 0; index < 1_000; index += 1) push.progress("t", String(index));
    push.complete("t");
    await push.register("t");
    await expect.poll(async () => (await push.record("t"))?.state).toBe("done");
    expect(push.events).toEqual([...Array.from({ length: 1_002 }, (_, index) => `${index + 1}.0`), "1003.0", "1003.1"]);
  });
});
