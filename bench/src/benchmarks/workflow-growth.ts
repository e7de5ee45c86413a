import { type Benchmark, judge } from "../benchmark.ts";
import { format, measureRounds, PAIRS } from "../measure.ts";
import { describeServer } from "../postgres/server.ts";
import { TURNS } from "../workflows/work.ts";
import { bytesOf, PEERS, type Place, withPlaces, withRunners } from "../workflows/workflow-runner.ts";

const RUNS = 4;
/** Bytes hardly differ from one time to the next. */
const ROUNDS = 3;

export const benchmark: Benchmark = {
  name: "workflow-growth",
  what: `bytes stored by a run of ${TURNS} turns of a loop, each changing 200 bytes of state, against the least of LangGraph.js on SQLite, Mastra on LibSQL and DBOS on PostgreSQL`,
  unit: "bytes/run",
  floor: { of: "ratio", atMost: 0.5 },
  run: () =>
    withPlaces(async (places) => {
      const notes: string[] = [];
      const run = (place: Place): Promise<void> =>
        withRunners([place], async ([runner]) => {
          await runner?.runLoops(RUNS);
          if (runner !== undefined) notes.push(...runner.notes);
        });
      const growth = async (place: Place): Promise<number> => {
        const before = await bytesOf(place);
        await run(place);
        return ((await bytesOf(place)) - before) / RUNS;
      };
      // A round that does not count: it makes the tables and the first pages of everything.
      for (const side of ["ours", ...PEERS] as const) await run(places[side]);
      const described = [...notes];
      const measured = await measureRounds(
        () => growth(places.ours),
        {
          langgraph: () => growth(places.langgraph),
          mastra: () => growth(places.mastra),
          dbos: () => growth(places.dbos),
        },
        { best: "lowest", rounds: Math.min(PAIRS, ROUNDS) },
      );
      const { medians } = measured;
      return judge(benchmark, measured, [
        measured.spread,
        `medians: ${(["ours", ...PEERS] as const).map((side) => `${side} ${format(medians[side])}`).join(", ")} bytes/run`,
        `ours to each: ${PEERS.map((peer) => `${peer} ${format(medians.ours / medians[peer])}x`).join(", ")}`,
        `${RUNS} runs at once, the process ended and the write-ahead log written back before and after: growth of all files of the store; on PostgreSQL pg_total_relation_size of all tables after VACUUM`,
        "Mastra keeps the last turn only, in one row that every turn writes over; the others keep what every turn gave",
        ...described,
        await describeServer(),
      ]);
    }),
};
