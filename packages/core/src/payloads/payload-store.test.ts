import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryBlobStore, createMemoryEventStore, type MemoryTaskStore } from "../inprocess/index.ts";
import type { BlobStore, PayloadCodec, StoredEvent, TaskStore } from "../ports/index.ts";
import { compactTask } from "../retention/compact-task.ts";
import { LogFold } from "../retention/log-fold.ts";
import { viewTask } from "../tasks/view.ts";
import { createTestCodec, ManualClock, taskStoreSuite } from "../testing/index.ts";
import { createPayloadStore, PAYLOADS, sweepBlobs } from "./index.ts";

const T0 = 1_750_000_000_000;
const TENANT = "acme";

for (const [name, keys] of [
  ["payloads in blobs", []],
  ["sealed payloads in rows and blobs", ["k1"]],
] as const)
  taskStoreSuite({
    name,
    test,
    open: async ({ clock }) => {
      let store = createMemoryEventStore({ clock });
      const blobs = createMemoryBlobStore({ clock });
      const around = (inner: TaskStore<StoredEvent>): TaskStore =>
        createPayloadStore({ store: inner, blobs, codec: createTestCodec(keys), offloadAbove: 40 });
      return {
        store: around(store),
        reopen: async () => {
          store = store.reopen();
          return around(store);
        },
        close: () => store.close(),
      };
    },
  });

interface World {
  readonly raw: MemoryTaskStore<StoredEvent>;
  readonly blobs: BlobStore;
  readonly store: TaskStore;
  with(codec: PayloadCodec): TaskStore;
}

const world = (codec = createTestCodec(), options: { offloadAbove?: number; maxPayloadBytes?: number } = {}): World => {
  const clock = new ManualClock({ now: T0 });
  const raw = createMemoryEventStore({ clock });
  const blobs = createMemoryBlobStore({ clock });
  const around = (other: PayloadCodec) => createPayloadStore({ store: raw, blobs, codec: other, ...options });
  return { raw, blobs, store: around(codec), with: around };
};

const submitted = (input: unknown): NewTaskEvent => ({
  type: "task.submitted",
  at: T0,
  data: { agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal", input },
});

const create = (store: TaskStore, taskId: string, input: unknown) =>
  store.commit([
    {
      tenantId: TENANT,
      create: [
        {
          ...{ taskId, agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" as const },
          ...{ deadline: null, parent: null, dueAt: T0, createdAt: T0, events: [submitted(input)] },
        },
      ],
    },
  ]);

const inputOf = async (store: TaskStore, taskId: string): Promise<unknown> => {
  const [first] = await store.readLog({ tenantId: TENANT, taskId });
  return first?.type === "task.submitted" ? first.data.input : "?";
};

const mailTo = (store: Pick<TaskStore<StoredEvent>, "commit">, taskId: string, payload: unknown) =>
  store.commit([{ tenantId: TENANT, mail: [{ taskId, key: "m", kind: "message", payload, ifTerminal: "refuse" }] }]);

test("without a key and a large payload the unit goes down as it is, object for object", async () => {
  const { raw } = world();
  const units: unknown[] = [];
  const spy = new Proxy(raw, {
    get: (target, name: keyof typeof raw) =>
      name === "commit"
        ? async (given: Parameters<typeof raw.commit>[0]) => {
            units.push(...given);
            return target.commit(given);
          }
        : target[name],
  });
  const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: T0 }) });
  const store = createPayloadStore({ store: spy, blobs, codec: createTestCodec([]) });
  const unit = { tenantId: TENANT, mail: [], outbox: [{ id: "1", kind: "event" as const, payload: { topic: "t" } }] };
  await store.commit([unit]);
  expect(units[0]).toBe(unit);
});

test("nothing that a caller gave is readable in rows and blobs that were sealed", async () => {
  const { raw, blobs, store } = world(createTestCodec(), { offloadAbove: 2000 });
  const secret = "the launch code is 0000";
  await create(store, "small", secret);
  await create(store, "large", secret.repeat(1000));
  await mailTo(store, "small", { text: secret });
  await store.commit([{ tenantId: TENANT, outbox: [{ id: "1", kind: "event", payload: secret }] }]);
  const rows = JSON.stringify([
    await raw.tail({ after: null, limit: 100 }),
    await raw.mailbox({ tenantId: TENANT, taskId: "small" }),
    await raw.takeOutbox(10),
  ]);
  expect(rows).not.toContain("launch");
  expect(rows).toContain("$sealed");
  expect(rows).toContain('"of":"blob"');
  expect(rows).not.toContain("$blob");
  // Blobs are sealed by the store below (createSealedBlobStore); here is only one, of the large payload.
  expect(await blobs.list({ tenantId: TENANT, namespace: PAYLOADS })).toHaveLength(1);
});

/** A task of one event with this data, written past the codec as somebody with the database's password can. */
const plant = (raw: MemoryTaskStore<StoredEvent>, taskId: string, data: unknown) =>
  raw.commit([
    {
      tenantId: TENANT,
      create: [
        {
          ...{ taskId, agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" },
          ...{ deadline: null, parent: null, dueAt: T0, createdAt: T0, events: [{ ...submitted(null), data }] },
        },
      ],
    },
  ]);

test("a sealed reference to a blob does not open in another task of the tenant, nor as a value, nor a value as one", async () => {
  const { raw, store } = world(createTestCodec(), { offloadAbove: 200 });
  await create(store, "large", "x".repeat(1000));
  await create(store, "small", "x");
  const dataOf = async (taskId: string) =>
    (await raw.readLog({ tenantId: TENANT, taskId }))[0]?.data as Readonly<Record<string, unknown>>;
  await plant(raw, "copy", await dataOf("large"));
  await expect(store.readLog({ tenantId: TENANT, taskId: "copy" })).rejects.toThrow("it was changed or moved");
  expect(await inputOf(store, "large")).toBe("x".repeat(1000));
  // Both of the task that they were sealed for, only taken for each other.
  const [large, small] = [await dataOf("large"), await dataOf("small")];
  for (const [taskId, data] of [
    ["large", { $sealed: large["$sealed"] }],
    ["small", { $sealed: small["$sealed"], of: "blob" }],
  ] as const) {
    await mailTo(raw, taskId, data);
    const [item] = (await store.mailbox({ tenantId: TENANT, taskId })).items;
    expect([item?.payload, item?.unreadable?.message]).toEqual([
      undefined,
      expect.stringContaining("changed or moved"),
    ]);
  }
});

test("a reference that was written while there was no key still opens, until the codec says that all is sealed", async () => {
  const it = world(createTestCodec([]), { offloadAbove: 100 });
  await create(it.store, "a", "x".repeat(1000));
  expect(await inputOf(it.with(createTestCodec()), "a")).toBe("x".repeat(1000));
  const strict = it.with(createTestCodec(["test"], { sealedOnly: true }));
  await expect(strict.readLog({ tenantId: TENANT, taskId: "a" })).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: expect.stringContaining("event 1 (task.submitted) of task a of acme cannot be read: it is not sealed"),
  });
});

test("once all is sealed nothing plain opens, in whatever place and form; before, it does", async () => {
  for (const sealedOnly of [false, true]) {
    const { raw, store } = world(createTestCodec(["test"], { sealedOnly }));
    await create(store, "a", { n: 1 });
    await mailTo(store, "a", { n: 2 });
    const row = (id: string, payload: unknown) => ({ id, kind: "event" as const, payload });
    await store.commit([{ tenantId: TENANT, outbox: [row("1", { n: 3 })] }]);
    const forged = submitted("forged").data;
    await plant(raw, "plain", forged);
    await plant(raw, "wrapped", { $plain: forged });
    await raw.commit([{ tenantId: TENANT, outbox: [row("2", "forged"), row("3", { $plain: "forged" })] }]);
    await mailTo(raw, "plain", null);
    const attempt = (taskId: string) =>
      inputOf(store, taskId).catch((error: unknown) => PlatformError.from(error).code);
    const mail = async (taskId: string) =>
      (await store.mailbox({ tenantId: TENANT, taskId })).items.map(
        ({ payload, unreadable }) => unreadable?.code ?? payload,
      );
    const outbox = (await store.takeOutbox(9)).rows.map(({ payload, unreadable }) => unreadable?.code ?? payload);
    const no = "PAYLOAD_UNREADABLE";
    expect([await attempt("a"), await mail("a")]).toEqual([{ n: 1 }, [{ n: 2 }]]);
    expect([await attempt("plain"), await attempt("wrapped")]).toEqual(sealedOnly ? [no, no] : ["forged", "forged"]);
    expect(await mail("plain")).toEqual([sealedOnly ? no : null]);
    expect(outbox).toEqual([{ n: 3 }, ...(sealedOnly ? [no, no] : ["forged", "forged"])]);
  }
});

test("plain rows stay readable when a key comes, and sealed ones next to them", async () => {
  const it = world(createTestCodec([]));
  await create(it.store, "before", { n: 1 });
  const keyed = it.with(createTestCodec(["k1"]));
  await create(keyed, "after", { n: 2 });
  expect([await inputOf(keyed, "before"), await inputOf(keyed, "after")]).toEqual([{ n: 1 }, { n: 2 }]);
});

test("after a rotation old rows open with the old key, new ones are sealed with the new one", async () => {
  const it = world(createTestCodec(["old"]));
  await create(it.store, "a", 1);
  const rotated = it.with(createTestCodec(["new", "old"]));
  await create(rotated, "b", 2);
  expect([await inputOf(rotated, "a"), await inputOf(rotated, "b")]).toEqual([1, 2]);
  const rows = JSON.stringify(await it.raw.tail({ after: null, limit: 9 }));
  expect([rows.includes('"$sealed":"old:'), rows.includes('"$sealed":"new:')]).toEqual([true, true]);
});

test("an event that cannot be read is an error that names tenant, task, number, type and reason", async () => {
  const it = world(createTestCodec(["old"]));
  await create(it.store, "a", 1);
  const without = it.with(createTestCodec(["new"]));
  await expect(without.readLog({ tenantId: TENANT, taskId: "a" })).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: 'event 1 (task.submitted) of task a of acme cannot be read: sealed with the key "old", which is not there',
  });
});

test("an event of another shape, as a newer version or another hand would write it, is no event", async () => {
  const { raw, store } = world(createTestCodec([]));
  await create(store, "a", 1);
  await raw.commit([
    { tenantId: TENANT, create: [] },
    {
      tenantId: TENANT,
      create: [
        {
          ...{ taskId: "b", agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" },
          ...{ deadline: null, parent: null, dueAt: T0, createdAt: T0 },
          events: [{ type: "task.assigned", at: T0, data: { node: 5, attempt: 1 } }],
        },
      ],
    },
  ]);
  await expect(store.readLog({ tenantId: TENANT, taskId: "b" })).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: expect.stringContaining("event 1 (task.assigned) of task b of acme cannot be read: data.node"),
  });
});

test("a tail goes on behind what cannot be read, and shows it", async () => {
  const it = world(createTestCodec(["old"]));
  await create(it.store, "a", 1);
  const rotated = it.with(createTestCodec(["new"]));
  await create(rotated, "b", 2);
  const [first, second] = await rotated.tail({ after: null, limit: 9 });
  expect(first?.event).toMatchObject({ seq: 1, type: "event.unreadable", data: { type: "task.submitted" } });
  expect(second?.event).toMatchObject({ seq: 1, type: "task.submitted" });
});

test("mail that cannot be read fails neither a claim nor its neighbours", async () => {
  const it = world(createTestCodec(["old"]));
  await create(it.store, "a", 1);
  await mailTo(it.store, "a", { text: "sealed" });
  await create(it.store, "b", 2);
  const rotated = it.with(createTestCodec(["new"]));
  await mailTo(rotated, "b", { text: "fine" });
  const claimed = await rotated.claim({ limit: 10, now: T0 });
  expect(claimed.map(({ mailbox }) => mailbox[0]?.unreadable?.code ?? mailbox[0]?.payload)).toEqual([
    "PAYLOAD_UNREADABLE",
    { text: "fine" },
  ]);
});

test("outbox rows that cannot be read are shown, the others delivered", async () => {
  const it = world(createTestCodec(["old"]));
  const row = (id: string) => ({ tenantId: TENANT, outbox: [{ id, kind: "event" as const, payload: id }] });
  await it.store.commit([row("1")]);
  const rotated = it.with(createTestCodec(["new"]));
  await rotated.commit([row("2")]);
  const { rows } = await rotated.takeOutbox(9);
  expect(rows.map(({ payload, unreadable }) => unreadable?.code ?? payload)).toEqual(["PAYLOAD_UNREADABLE", "2"]);
});

test("a blob that is missing is an error that names it; a store of blobs that does not answer is asked again", async () => {
  const { blobs, raw, store } = world(createTestCodec([]), { offloadAbove: 100 });
  await create(store, "a", "x".repeat(1000));
  const [{ name } = { name: "" }] = await blobs.list({ tenantId: TENANT, namespace: PAYLOADS });
  const down = new PlatformError("STORE_UNAVAILABLE", "down");
  const silent = createPayloadStore({
    store: raw,
    blobs: { ...blobs, get: () => Promise.reject(down) },
    codec: createTestCodec([]),
  });
  await expect(silent.readLog({ tenantId: TENANT, taskId: "a" })).rejects.toBe(down);
  await expect(silent.tail({ after: null, limit: 9 })).rejects.toBe(down);
  await blobs.delete({ tenantId: TENANT, namespace: PAYLOADS }, name);
  await expect(store.readLog({ tenantId: TENANT, taskId: "a" })).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: expect.stringContaining(`blob ${name} is missing`),
  });
});

test("a blob whose bytes are not those it is named after is an error that says so, also where they are JSON", async () => {
  const { blobs, raw, store, with: around } = world(createTestCodec([]), { offloadAbove: 100 });
  await create(store, "a", "x".repeat(1000));
  const scope = { tenantId: TENANT, namespace: PAYLOADS };
  const [{ name } = { name: "" }] = await blobs.list(scope);
  const text = new TextDecoder().decode((await blobs.get(scope, name)) ?? undefined);
  // A key that came since makes other names, and knows the old ones.
  expect(await inputOf(around(createTestCodec(["k1"])), "a")).toBe("x".repeat(1000));
  await blobs.delete(scope, name);
  await blobs.put(scope, name, new TextEncoder().encode(text.replace("x", "y")));
  await expect(store.readLog({ tenantId: TENANT, taskId: "a" })).rejects.toMatchObject({
    code: "PAYLOAD_UNREADABLE",
    message: expect.stringContaining(`blob ${name} was changed`),
  });
  await raw.close();
});

test("blobs are there before the unit that refers to them is written, and none is written when one cannot be put", async () => {
  const { blobs, raw } = world();
  const order: string[] = [];
  const watched = createPayloadStore({
    store: new Proxy(raw, {
      get: (target, name: keyof typeof raw) => {
        if (name === "commit") order.push("commit");
        return target[name].bind(target);
      },
    }),
    blobs: {
      ...blobs,
      put: async (...given) => {
        await blobs.put(...given);
        order.push("put");
      },
    },
    codec: createTestCodec([]),
    offloadAbove: 100,
  });
  await create(watched, "a", "x".repeat(1000));
  expect(order).toEqual(["put", "commit"]);
  const names = (await blobs.list({ tenantId: TENANT, namespace: PAYLOADS })).map(({ name }) => name);
  expect([...(await raw.referredBlobs(TENANT, names))]).toEqual(names);
  const full = new PlatformError("STORE_UNAVAILABLE", "full");
  const failing = createPayloadStore({
    store: raw,
    blobs: { ...blobs, put: () => Promise.reject(full) },
    codec: createTestCodec([]),
    offloadAbove: 100,
  });
  await expect(create(failing, "b", "x".repeat(1000))).rejects.toBe(full);
  expect(await raw.head({ tenantId: TENANT, taskId: "b" })).toBeNull();
});

for (const [name, keys] of [
  ["plain", []],
  ["sealed", ["k"]],
] as const) {
  const artifact = (artifactId: string, text: string): NewTaskEvent => {
    const made = { artifact: { artifactId, parts: [{ text }] }, append: false, lastChunk: true };
    return { type: "artifact.appended", at: T0, data: { path: "a", kind: "artifact", ...made } };
  };
  const ended: NewTaskEvent = { type: "task.completed", at: T0, data: { output: "o".repeat(1500) } };
  const step = { type: "step.completed", at: T0, data: { path: "s", kind: "step", result: "r".repeat(1800) } } as const;
  const checkpoint: NewTaskEvent = { type: "checkpoint.created", at: T0, data: {} };
  const KEY = { tenantId: TENANT, taskId: "a" };

  const fill = (store: TaskStore, events: readonly NewTaskEvent[], state: "completed" | "working") =>
    store.commit([
      {
        tenantId: TENANT,
        create: [
          {
            ...{ taskId: "a", agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" },
            ...{ deadline: null, parent: null, dueAt: T0, createdAt: T0, events },
            claimed: { state, checkpointSeq: events.indexOf(checkpoint) + 1 },
          },
        ],
      },
    ]);

  const sizeOf = async ({ raw, blobs }: World): Promise<number> => {
    const inline = JSON.stringify(await raw.readLog(KEY)).length;
    const lie = await blobs.list({ tenantId: TENANT, namespace: PAYLOADS });
    const stored = await Promise.all(lie.map(({ name }) => blobs.get({ tenantId: TENANT, namespace: PAYLOADS }, name)));
    return stored.reduce((sum, bytes) => sum + (bytes?.byteLength ?? 0), inline);
  };
  const sweep = ({ raw, blobs }: World) => sweepBlobs({ tasks: raw, blobs, tenantId: TENANT, now: T0 + 2, graceMs: 1 });

  test(`a folded task takes less room than before, however large what it made was, and reads as before; ${name}`, async () => {
    const it = world(createTestCodec(keys), { offloadAbove: 1000 });
    await fill(
      it.store,
      [submitted("i"), artifact("1", "x".repeat(2000)), step, artifact("1", "y".repeat(2000)), step, ended],
      "completed",
    );
    const [before, head] = [await sizeOf(it), await it.store.head(KEY)];
    const shown = viewTask("a", await it.store.readLog(KEY));
    if (head === null) throw new Error("no head");
    expect(await compactTask(it.store, head, { before: T0 + 1, dryRun: false })).toBe(5);
    await sweep(it);
    expect(viewTask("a", await it.store.readLog(KEY))).toEqual(shown);
    expect(JSON.stringify(await it.raw.readLog(KEY)).length).toBeLessThan(1000);
    // The fold with the last artifact, and the end with its output.
    expect(await it.blobs.list({ tenantId: TENANT, namespace: PAYLOADS })).toHaveLength(2);
    expect(await sizeOf(it)).toBeLessThan(before);
  });

  test(`a log that is folded between its rows and its blobs is read as it is then; ${name}`, async () => {
    const it = world(createTestCodec(keys), { offloadAbove: 1000 });
    await fill(it.store, [submitted("i"), artifact("1", "x".repeat(2000)), step, ended], "completed");
    const head = await it.store.head(KEY);
    const shown = viewTask("a", await it.store.readLog(KEY));
    if (head === null) throw new Error("no head");
    let isFolded = false;
    const late = createPayloadStore({
      store: it.raw,
      codec: createTestCodec(keys),
      offloadAbove: 1000,
      blobs: {
        ...it.blobs,
        get: async (scope, blob) => {
          if (!isFolded) {
            isFolded = true;
            await compactTask(it.store, head, { before: T0 + 1, dryRun: false });
            await sweep(it);
          }
          return it.blobs.get(scope, blob);
        },
      },
    });
    expect(viewTask("a", await late.readLog(KEY))).toEqual(shown);
  });

  test(`of the folds of a task that runs only the last one's blob stays; ${name}`, async () => {
    const it = world(createTestCodec(keys), { offloadAbove: 1000 });
    const events = [submitted("i"), artifact("1", "x".repeat(2000)), artifact("2", "y"), checkpoint];
    await fill(it.store, events, "working");
    const fold = async (floor: number) => {
      const view = new LogFold("a");
      for (const event of await it.store.readLog(KEY)) if (event.seq <= floor) view.add(event);
      expect(await it.store.compact({ ...KEY, floor, event: { ...view.event(), at: floor } })).toBe("compacted");
      await sweep(it);
      return (await it.blobs.list({ tenantId: TENANT, namespace: PAYLOADS })).length;
    };
    // What the artifact's own event referred to stays while the task runs: it may write the same again.
    expect([await fold(2), await fold(3)]).toEqual([2, 2]);
    expect(viewTask("a", await it.store.readLog(KEY)).artifacts).toHaveLength(2);
  });
}

test("a payload over the limit is refused before anything is written, with what to do instead", async () => {
  const { blobs, raw, store } = world(createTestCodec([]), { offloadAbove: 100, maxPayloadBytes: 1000 });
  const refused = { code: "TOO_LARGE", message: expect.stringContaining("keep it elsewhere and pass a reference") };
  await expect(create(store, "a", "ü".repeat(600))).rejects.toMatchObject(refused);
  await create(store, "b", "fine");
  await expect(mailTo(store, "b", "ü".repeat(600))).rejects.toMatchObject(refused);
  await expect(
    store.commit([{ tenantId: TENANT, outbox: [{ id: "1", kind: "event", payload: "x".repeat(1000) }] }]),
  ).rejects.toMatchObject(refused);
  expect(await raw.head({ tenantId: TENANT, taskId: "a" })).toBeNull();
  expect(await blobs.list({ tenantId: TENANT, namespace: PAYLOADS })).toEqual([]);
});

test("any value comes back as it was given, in whatever form it is kept", async () => {
  const marks = fc.constantFrom("$sealed", "$blob", "$plain", "bytes", "x");
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(null, true, 0, 1.5, "", "ü💡\u0000", '"\\'),
      fc.string({ maxLength: 200 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(marks, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  await fc.assert(
    fc.asyncProperty(value, fc.boolean(), fc.integer({ min: 1, max: 300 }), async (given, seals, offloadAbove) => {
      const { store } = world(createTestCodec(seals ? ["k"] : []), { offloadAbove });
      await create(store, "a", given);
      await mailTo(store, "a", given);
      await store.commit([{ tenantId: TENANT, outbox: [{ id: "1", kind: "event", payload: given }] }]);
      const [item] = (await store.mailbox({ tenantId: TENANT, taskId: "a" })).items;
      const [row] = (await store.takeOutbox(1)).rows;
      expect([await inputOf(store, "a"), item?.payload, row?.payload]).toEqual([given, given, given]);
    }),
    { numRuns: 200 },
  );
});
