/** Two nodes on one PostgreSQL, as `up --database` starts them: what one is given, the other knows, runs and goes on with. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { ask, SharedDatabase, test } from "../test/shared-database.ts";

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
