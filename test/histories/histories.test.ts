import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type History, replayHistory } from "./replay-history.ts";
import { scenarios } from "./scenarios.ts";

const folder = join(import.meta.dirname, "recorded");
const recorded = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));

test.each(recorded)("the engine goes on with the log %s as the one that wrote it did", async (name) => {
  const history = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as History;
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error(`scenarios.ts has no ${name}: a history is never taken away`);
  expect(scenario.agent.name).toBe(history.agent);
  const { results, transcript } = await replayHistory(history, scenario.agent);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(transcript).toEqual(history.transcript);
});

test("every scenario has a history", () => {
  expect(recorded.toSorted()).toEqual(Object.keys(scenarios).toSorted());
});
