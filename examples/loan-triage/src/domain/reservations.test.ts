import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readReservations, release, reserve } from "./reservations.ts";

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "reservations-")), "book");
});
afterEach(() => rm(join(directory, ".."), { recursive: true }));

const states = async () =>
  (await readReservations(directory)).map(({ application, state }) => `${application} ${state}`).sort();

it("reserves once under a key, releases once, and a late try to reserve finds it released", async () => {
  expect(await states()).toEqual([]);
  const wanted = { directory, application: "a/b.pdf", amountCents: 500_000 };
  const made = await reserve(wanted, "key");
  expect(await reserve(wanted, "key")).toEqual(made);
  expect(await states()).toEqual(["a/b.pdf reserved"]);
  await release(made);
  await release(made);
  await reserve(wanted, "key");
  expect(await states()).toEqual(["a/b.pdf released"]);
  await reserve(wanted, "another key");
  expect(await states()).toEqual(["a/b.pdf released", "a/b.pdf reserved"]);
  expect((await readdir(directory)).every((name) => name.endsWith(".json"))).toBe(true);
});
