/** Two nodes on one PostgreSQL, as `up --database` starts them: what one is given, the other knows, runs and goes on with. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import { afterEach, beforeEach, expect } from "vitest";
import { ask, SCOPE, SharedDatabase, test } from "../test/shared-database.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const greeter = (says: string) =>
  shared.writeAgent("greeter", `(task, ctx) => ctx.step("greet", () => "${says} " + task.input)`);

test("an agent applied to one node runs on the other, from its own copy of the code; a change and a delete arrive too", async () => {
  const a = await shared.start("a");
  const b = await shared.start("b");
  await a.manifests.apply("default", [await greeter("hello")], { dryRun: false });
  await rm(join(shared.folder, "code"), { recursive: true });
  await expect.poll(() => b.catalogue.list("default").map(({ name }) => name)).toEqual(["greeter"]);
  expect(await ask(b, "greeter", "ada")).toBe("hello ada");
  await b.manifests.apply("default", [await greeter("good day")], { dryRun: false });
  await expect.poll(() => ask(a, "greeter", "ada")).toBe("good day ada");
  await a.manifests.delete("default", "Agent", "greeter");
  await expect.poll(() => b.catalogue.list("default")).toEqual([]);
  await expect(ask(b, "greeter", "ada")).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
});

test("a node that starts later has what was applied before", async () => {
  const a = await shared.start("a");
  await a.manifests.apply("default", [await greeter("hello")], { dryRun: false });
  const b = await shared.start("b");
  expect(await ask(b, "greeter", "ada")).toBe("hello ada");
});

test("an agent limited to one task at a time runs one on all nodes, also in the moment it is applied, and after it is deleted", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const file = join(shared.folder, "runs.txt");
  await writeFile(file, "");
  const manifest = await shared.writeAgent(
    "single",
    `(task, ctx) => ctx.step("work", async () => {
      const { appendFile } = await import("node:fs/promises");
      await appendFile(${JSON.stringify(file)}, "begin ");
      await new Promise((resolve) => setTimeout(resolve, 10));
      await appendFile(${JSON.stringify(file)}, "end ");
    })`,
    { limits: { concurrency: 1 } },
  );
  await a.manifests.apply("default", [manifest], { dryRun: false });
  const submit = (node: typeof a) => node.tasks.submit(SCOPE, { target: { agent: "single" } });
  for (let index = 0; index < 15; index++) await submit(a);
  await expect.poll(() => b.catalogue.list("default").length).toBe(1);
  for (let index = 0; index < 15; index++) await submit(b);
  await b.manifests.delete("default", "Agent", "single");
  await expect.poll(async () => (await readFile(file, "utf8")).split("end ").length - 1, { timeout: 20_000 }).toBe(30);
  expect(await readFile(file, "utf8")).toBe("begin end ".repeat(30));
});

test("what is declared about a tenant on one node holds on the other, until it is deleted there", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const spec = { weight: 5, limits: { concurrency: 2, backlog: 9 } };
  const manifest = { apiVersion: API_VERSION, kind: "Tenant", metadata: { name: "acme" }, spec };
  await a.manifests.apply("default", [manifest], { dryRun: false });
  const policy = { weight: 5, maxRunning: 2, maxBacklog: 9 };
  expect(a.manifests.tenants.get("acme")).toEqual(policy);
  await expect.poll(() => b.manifests.tenants.get("acme")).toEqual(policy);
  const later = await shared.start("c");
  expect(later.manifests.tenants.get("acme")).toEqual(policy);
  await b.manifests.delete("default", "Tenant", "acme");
  for (const node of [a, b, later]) await expect.poll(() => node.manifests.tenants.size, { timeout: 10_000 }).toBe(0);
});

test("an event reaches subscribers that were applied to another node a moment ago, also those that do not load where it is carried", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b", { loads: false })];
  const emitter = await shared.writeAgent(
    "emitter",
    `(task, ctx) => ctx.emit("loan.decided", task.input, { durable: true })`,
  );
  await b.manifests.apply("default", [emitter], { dryRun: false });
  const listeners: string[] = [];
  for (let round = 0; round < 5; round++) {
    const name = `listener-${round}`;
    const manifest = await shared.writeAgent(name, "(task) => task.input.payload", {}, ["loan.*"]);
    await a.manifests.apply("default", [manifest], { dryRun: false });
    listeners.push(name);
    await ask(b, "emitter", round);
    const outputsOf = async (agent: string): Promise<readonly unknown[]> => {
      const { heads } = await a.tasks.list(SCOPE, { agent });
      const ends = heads.map(async ({ taskId }) => (await a.tasks.log(SCOPE, taskId)).at(-1));
      return (await Promise.all(ends)).map((end) => (end?.type === "task.completed" ? end.data.output : end?.type));
    };
    // Each event once, from the round on in which it came to be.
    for (const [since, agent] of listeners.entries())
      await expect
        .poll(async () => [...(await outputsOf(agent))].sort((one, other) => Number(one) - Number(other)), {
          timeout: 10_000,
        })
        .toEqual(Array.from({ length: round - since + 1 }, (_, index) => since + index));
  }
});

test("what an agent subscribes to is forgotten when it is deleted, on all nodes", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  const listener = await shared.writeAgent("listener", "() => 1", {}, ["loan.*"]);
  await a.manifests.apply("default", [listener], { dryRun: false });
  expect((await b.manifests.subscribers("default"))("loan.decided")).toMatchObject([{ agent: "listener" }]);
  expect((await b.manifests.subscribers("default"))("letter.sent")).toEqual([]);
  expect((await b.manifests.subscribers("other"))("loan.decided")).toEqual([]);
  const changed = await shared.writeAgent("listener", "() => 2", {}, ["letter.sent"]);
  await a.manifests.apply("default", [changed], { dryRun: false });
  expect((await b.manifests.subscribers("default"))("loan.decided")).toEqual([]);
  await b.manifests.delete("default", "Agent", "listener");
  expect((await a.manifests.subscribers("default"))("letter.sent")).toEqual([]);
});
