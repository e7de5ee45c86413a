/** Plays the scenarios that have no history yet and writes their logs, with what the code did and saw when they were replayed at once. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replayHistory } from "./replay-history.ts";
import { play, scenarios } from "./scenarios.ts";

for (const [name, scenario] of Object.entries(scenarios)) {
  const path = join(import.meta.dirname, "recorded", `${name}.json`);
  if (existsSync(path)) continue;
  const { taskId, events, state } = await play(scenario);
  const recorded = { agent: scenario.agent.name, taskId, events: structuredClone(events) };
  const { results, transcript } = await replayHistory(recorded, scenario.agent);
  const wrong = results.find(({ ok }) => !ok);
  if (wrong !== undefined) throw new Error(`${name} cannot be replayed on the engine that wrote it: ${JSON.stringify(wrong)}`);
  const again = await replayHistory(recorded, scenario.agent);
  if (JSON.stringify(again.transcript) !== JSON.stringify(transcript)) throw new Error(`${name} differs each time`);
  const lines = [
    `{"agent":${JSON.stringify(recorded.agent)},"taskId":${JSON.stringify(taskId)},"events":[`,
    recorded.events.map((event) => JSON.stringify(event)).join(",\n"),
    '],"transcript":[',
    transcript.map((part) => `[\n${part.map((line) => JSON.stringify(line)).join(",\n")}\n]`).join(",\n"),
    "]}\n",
  ];
  writeFileSync(path, lines.join("\n"), { flag: "wx" });
  console.log(`${name}: ${events.length} events, ${state}`);
}
