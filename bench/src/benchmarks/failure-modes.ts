import { detectFailure } from "@agentcore/agents";
import { wilsonBounds } from "@agentcore/core/caching";
import { readExchanges } from "../../failure-modes/exchanges.ts";
import { type FalseAlarms, type ModeRates, measureDetection } from "../../failure-modes/measure-detection.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, median, time } from "../measure.ts";

const LONG = 1_000;

export const benchmark: Benchmark = {
  name: "failure-modes",
  what: "failures of conversations that are seen without a model, mean over eleven modes, on the test split of bench/failure-modes",
  unit: "%",
  floor: { of: "ours", atLeast: 80 },
  run: async () => {
    const { modes, falseAlarms } = measureDetection("test", detectFailure);
    const rates = modes.map(({ detected, count }) => (100 * detected) / count);
    const ours = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    return judge(
      benchmark,
      { ours, peer: null, ratio: null },
      [
        ...modes.map(describeMode),
        ...(["stop", "note"] as const).map((severity) => describeAlarms(falseAlarms, severity)),
        await describeTime(),
      ],
      // An exchange that is healthy and stopped is work that is lost.
      falseAlarms.byExchange.stop === 0,
    );
  },
};

const share = (count: number, of: number): string => `${count} of ${of} (${((100 * count) / of).toFixed(1)} %)`;

const describeMode = ({ mode, count, detected, delays, endless, stopped }: ModeRates): string => {
  const late = detected === 0 ? "" : `, turns late: median ${format(median(delays))}, most ${delays.at(-1)}`;
  return `${mode}: ${share(detected, count)}${late}${endless === 0 ? "" : `; of ${endless} endless ones ${stopped} stopped`}`;
};

const describeAlarms = ({ exchanges, turns, byExchange, byTurn }: FalseAlarms, severity: "stop" | "note"): string => {
  const bound = (100 * wilsonBounds(byExchange[severity], exchanges).upper).toFixed(1);
  return `false ${severity}: ${share(byExchange[severity], exchanges)} healthy exchanges, at most ${bound} % with 95 % confidence; ${share(byTurn[severity], turns)} turns`;
};

/** Of a turn in the middle of a long conversation. */
const describeTime = async (): Promise<string> => {
  const said = readExchanges("test").healthy.flatMap(({ kind, exchange }) => (kind === "long" ? exchange.turns : []));
  const members = [...new Set(said.map(({ speaker }) => speaker))].map((name) => ({ name, description: "Works" }));
  const timeOf = async (sentences: number): Promise<string> => {
    const turns = Array.from({ length: LONG }, (_, place) => ({
      speaker: said[place % said.length]?.speaker ?? "",
      text: Array.from({ length: sentences }, (__, more) => said[(place + more) % said.length]?.text ?? "").join(" "),
    }));
    const run = (): void => {
      for (let count = 1; count <= LONG; count++)
        detectFailure({ task: "Work.", members, turns: turns.slice(0, count) });
    };
    run();
    const ms = await time(run);
    const length = turns.reduce((sum, { text }) => sum + text.length, 0) / LONG;
    return `${format(ms / LONG)} ms at ${Math.round(length)} characters`;
  };
  return `a turn of ${LONG}: ${await timeOf(1)}, ${await timeOf(10)}, ${await timeOf(40)}`;
};
