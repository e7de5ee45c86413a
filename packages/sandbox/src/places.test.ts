import { expect, test } from "vitest";
import { openPlaces } from "./places.ts";

const held = () => {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string) => async (): Promise<string> => {
    log.push(name);
    await new Promise<void>((done) => ends.set(name, done));
    return name;
  };
  return { log, run, end: (name: string) => ends.get(name)?.() };
};
const turn = () => new Promise((done) => setImmediate(done));
const signal = new AbortController().signal;

test("so many run at once, the rest in order, and who finds the line full is refused", async () => {
  const { log, run, end } = held();
  const places = openPlaces(1, 2);
  const runs = ["a", "b", "c"].map((name) => places.take(run(name), signal));
  await expect(places.take(run("d"), signal)).rejects.toMatchObject({ code: "OVERLOADED", retryAfterMs: 1_000 });
  for (const name of ["a", "b", "c"]) {
    await turn();
    expect(log.at(-1)).toBe(name);
    end(name);
  }
  expect(await Promise.all(runs)).toEqual(["a", "b", "c"]);
  await places.idle();
});

test("who gives up while waiting leaves the line, and a failure gives its place back", async () => {
  const { log, run, end } = held();
  const places = openPlaces(1, 2);
  const first = places.take(run("a"), signal);
  const stop = new AbortController();
  const second = places.take(run("b"), stop.signal);
  const third = places.take(() => Promise.reject(new Error("broken")), signal);
  const fourth = openPlaces(1, 0).take(run("other"), signal);
  stop.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await turn();
  end("a");
  expect(await first).toBe("a");
  await expect(third).rejects.toThrow("broken");
  expect(log).toEqual(["a", "other"]);
  end("other");
  await fourth;
  await places.idle();
});
