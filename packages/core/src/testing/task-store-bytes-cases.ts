/** How much of what is large one answer brings. */
import type { LogPage, MailboxReading } from "../ports/task-store.ts";
import { ensure, equal } from "./assertions.ts";
import {
  append,
  mail,
  started,
  step,
  T0,
  type TaskStoreCase,
  type TaskStoreFixture,
  TENANT,
  task,
} from "./task-store-fixture.ts";

const MIB = 1024 * 1024;
const key = (taskId: string) => ({ tenantId: TENANT, taskId });
const large = (taskId: string, name: string, mebibytes: number) =>
  mail(taskId, name, { payload: "x".repeat(mebibytes * MIB - 2) });
const keysOf = ({ items, more }: MailboxReading): readonly [keys: string, more: boolean] => [
  items.map(({ key: name }) => name).join(" "),
  more,
];

/** Numbers of the events of each page, up to the last. */
const pagesTo = async (
  it: TaskStoreFixture,
  last: number,
  maxBytes: number,
): Promise<readonly (readonly number[])[]> => {
  const pages: number[][] = [];
  for (let after = 0; after < last; ) {
    const page = (await it.store.readLog(key("a"), { after, limit: 4, maxBytes })).map(({ seq }) => seq);
    ensure(page.length > 0, "a page has one event at least");
    pages.push(page);
    after = page.at(-1) ?? last;
  }
  equal(
    pages.flat(),
    Array.from({ length: last }, (_, index) => index + 1),
    "joined",
  );
  return pages;
};

export const bytesCases: readonly TaskStoreCase[] = [
  [
    "a mailbox is read 8 MiB at a time, in order, and the rest when those were taken in; cancel and retry come at once",
    async (it) => {
      const head = await it.running("a");
      const read = async () => keysOf(await it.store.mailbox(key("a")));
      equal(await read(), ["", false], "nothing");
      await it.mustCommit({ mail: [mail("a", "c", { kind: "cancel" }), large("a", "1", 2), large("a", "2", 2)] });
      await it.mustCommit({
        mail: [mail("a", "3"), large("a", "4", 9), mail("a", "5"), mail("a", "r", { kind: "retry" })],
      });
      equal(await read(), ["c 1 2 3 r", true], "as much as fits");
      const take = (seq: number, consume: readonly string[]) =>
        it.mustCommit({ taskId: "a", append: append({ ...head, seq }, { events: [started], consume }) });
      await take(1, ["1", "2"]);
      equal(await read(), ["c 3 r", true], "up to what is too large to go with it");
      await take(2, ["3"]);
      equal(await read(), ["c 4 r", true], "the first, however large, also beside a decision");
      await take(3, ["c", "4", "r"]);
      equal(await read(), ["5", false], "the last");
    },
  ],
  [
    "an append that must leave the mailbox empty is refused while there is anything that was not read (I2, I5)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ mail: [large("a", "1", 6), large("a", "2", 6)] });
      const { items } = await it.store.mailbox(key("a"));
      const end = append(head, { consume: items.map(({ key: name }) => name), requireEmptyMailbox: true });
      equal(await it.commit({ taskId: "a", append: end }), { outcome: "stale", reason: "mailbox" }, "outcome");
    },
  ],
  [
    "all that one claim brings of mailboxes is 8 MiB, but for what decides about a task, and the first item",
    async (it) => {
      await it.create(task("a"), task("b"), task("c"));
      await it.mustCommit({ mail: ["a", "b", "c"].map((taskId) => large(taskId, "large", 5)) });
      await it.mustCommit({ mail: [mail("b", "c", { kind: "retry" })] });
      const claimed = await it.claim();
      const brought = claimed.flatMap(({ mailbox }) => mailbox.map((item) => item.key)).sort();
      equal([claimed.length, brought], [3, ["c", "large"]], "claimed");
      for (const taskId of ["a", "b", "c"])
        equal((await it.store.mailbox(key(taskId))).items[0]?.key, "large", "left for a reading");
    },
  ],
  [
    "what waits is counted in items and bytes, until it is taken in",
    async (it) => {
      const head = await it.running("a");
      const payloads = ["ü", { text: "some" }, 7];
      await it.mustCommit({ mail: payloads.map((payload, index) => mail("a", String(index), { payload })) });
      const least = payloads.reduce<number>((sum, each) => sum + JSON.stringify(each).length, 0);
      const all = await it.store.waitingMail(key("a"));
      // More where they are sealed.
      ensure(all.count === 3 && all.bytes >= least && all.bytes < least + 1_000, JSON.stringify(all));
      await it.mustCommit({ taskId: "a", append: append(head, { consume: ["0", "1"] }) });
      const rest = await it.store.waitingMail(key("a"));
      ensure(rest.count === 1 && rest.bytes > 0 && rest.bytes < all.bytes, JSON.stringify(rest));
      equal(await it.store.waitingMail(key("nobody")), { count: 0, bytes: 0 }, "nobody's");
    },
  ],
  [
    "mail is told as taken in from the append on that consumes it, of its own task and tenant only (I7)",
    async (it) => {
      const head = await it.running("a");
      await it.running("b");
      await it.mustCommit({ mail: [mail("a", "x"), mail("a", "y"), mail("b", "y")] });
      equal(await it.store.hasTaken(key("a"), "x"), false, "while it waits");
      await it.mustCommit({ taskId: "a", append: append(head, { consume: ["x"] }) });
      equal(
        await Promise.all([
          ...["x", "y", "never"].map((each) => it.store.hasTaken(key("a"), each)),
          ...[it.store.hasTaken(key("b"), "x"), it.store.hasTaken({ ...key("a"), tenantId: "another" }, "x")],
        ]),
        [true, false, false, false, false],
        "taken",
      );
    },
  ],
  [
    "events of types that are left out of a page take no place in it, and pages join without a gap",
    async (it) => {
      const head = await it.running("a");
      const progress = { type: "task.progressed" as const, at: T0, data: { path: "p", kind: "step" as const } };
      const large = "x".repeat(100_000);
      const events = Array.from({ length: 6 }, () => [step(large), progress]).flat();
      await it.mustCommit({ taskId: "a", append: append(head, { events }) });
      const seqs = async (page: LogPage) => (await it.store.readLog(key("a"), page)).map(({ seq }) => seq);
      const without = ["step.completed", "task.submitted"] as const;
      equal(await seqs({ without, limit: 4 }), [3, 5, 7, 9], "limit");
      equal(await seqs({ without, limit: 4, after: 9, maxBytes: 50_000 }), [11, 13], "the rest, within its bytes");
      equal(await seqs({ without: ["task.progressed"], after: 1, maxBytes: 250_000 }), [2, 4], "bytes");
      equal(await seqs({ without: [...without, "task.progressed"] }), [], "all");
    },
  ],
  [
    "a page of a log ends at its bytes as well as at its limit, and pages join without a gap (I6)",
    async (it) => {
      const head = await it.running("a");
      const isLarge = (seq: number) => seq > 1 && seq < 8;
      const results = Array.from({ length: 9 }, (_, index) => "x".repeat(isLarge(index + 2) ? 100_000 : 1));
      await it.mustCommit({ taskId: "a", append: append(head, { events: results.map(step) }) });
      const pages = await pagesTo(it, 10, 250_000);
      ensure(
        pages.every((page) => page.filter(isLarge).length <= 2),
        `no more than fit: ${JSON.stringify(pages)}`,
      );
      equal((await pagesTo(it, 10, 1)).length, 10, "one at least");
      equal(
        (await pagesTo(it, 10, 1e9)).map((page) => page.length),
        [4, 4, 2],
        "limit",
      );
    },
  ],
];
