import { mkdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { ANSWER_TEXT, STEPS } from "../agent-loop/loop.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { countAnswers, countTasks } from "../count-tasks.ts";
import { format, measurePairs, median, PAIRS } from "../measure.ts";
import { heldBy, type Served, startLoadGenerator, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const AGENTS = 1_000;
// What the first ones load and compile does not count.
const WARM_UP = 20;
/** Results of the tool that each has been told when its model takes its time over what is its last answer. */
const RESULTS = 2;
const CALLS = 2 * RESULTS + 1;
const CONNECTIONS = 32;
const ROUNDS = Math.min(PAIRS, 3);
const GIVE_UP_MS = 120_000;
const KILOBYTE = 1024;

/** Who runs agents: ours or the peer, in a process of its own. */
interface Side {
  readonly server: Served;
  /** Resolves when so many more are under way, or a little later. */
  begin(agents: number): Promise<void>;
  /** So many answered rightly, of all that were begun. Waits for them. */
  finished(agents: number): Promise<number>;
}

interface Growth {
  readonly rss: number;
  readonly collected: number;
  readonly held: number;
  readonly doneMs: number;
}

export const benchmark: Benchmark = {
  name: "agents-under-way-memory",
  what: `resident memory for each of ${AGENTS} agents under way at once, a call of the model pending in each after ${RESULTS} of a tool, against LangChain's createAgent on LangGraph.js' SQLite saver; all must finish`,
  unit: "KB/agent",
  floor: { of: "ratio", atMost: 1 },
  run: () =>
    withFolder(async (folder) => {
      const provider = await startServer("served/loop-provider.ts");
      const seen: { readonly ours: Growth[]; readonly peer: Growth[] } = { ours: [], peer: [] };
      let round = 0;
      const measure = async (who: keyof typeof seen, start: (folder: string) => Promise<Side>): Promise<number> => {
        const side = await start(`${folder}/${who}-${round++}`);
        const growth = await growthOf(side, provider.url);
        await side.server.stop();
        seen[who].push(growth);
        return growth.rss;
      };
      try {
        const measured = await measurePairs(
          () => measure("ours", (place) => startOurs(place, provider.url)),
          () => measure("peer", (place) => startPeer(place, provider.url)),
          ROUNDS,
        );
        const beside = (of: keyof Growth): string =>
          `${format(median(seen.ours.map((growth) => growth[of])))} against ${format(median(seen.peer.map((growth) => growth[of])))}`;
        return judge(benchmark, measured, [
          measured.spread,
          `VmRSS with ${AGENTS} under way less that of the idle process after ${WARM_UP} runs; nothing collected in between; a fresh process each time`,
          `after collections: ${beside("collected")} KB of resident memory, ${beside("held")} KB of JavaScript heap and what it holds outside`,
          `all ${AGENTS} of each round answered rightly, in ${beside("doneMs")} ms from when the model answered again`,
          "ours: a whole node, tasks without a client that waits, the model over HTTP through the node's gateway, SQLite (WAL, synchronous=FULL)",
          "peer: the agent in a bare process, the model by plain fetch, synchronous=NORMAL",
        ]);
      } finally {
        await provider.stop();
      }
    }),
};

const growthOf = async (side: Side, providerUrl: string): Promise<Growth> => {
  const { server, begin, finished } = side;
  const post = async (path: string): Promise<number> =>
    Number(await (await fetch(`${providerUrl}/${path}`, { method: "POST" })).text());
  await begin(WARM_UP);
  await expectAll(finished, WARM_UP);
  const idle = await heldBy(server);
  const idleRss = residentOf(server);
  await post(`hold/${RESULTS}`);
  await begin(AGENTS);
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (let held = 0; held < AGENTS; held = await post("held")) {
    if (performance.now() > giveUpAt) throw new Error(`only ${held} of ${AGENTS} agents wait for their model`);
    await wait(25);
  }
  const rss = residentOf(server);
  const busy = await heldBy(server);
  const startedAt = performance.now();
  await post("release");
  await expectAll(finished, AGENTS);
  const share = (bytes: number): number => bytes / AGENTS / KILOBYTE;
  return {
    rss: share(rss - idleRss),
    collected: share(busy.rss - idle.rss),
    held: share(busy.held - idle.held),
    doneMs: performance.now() - startedAt,
  };
};

const expectAll = async (finished: Side["finished"], agents: number): Promise<void> => {
  const right = await finished(agents);
  if (right !== agents) throw new Error(`${right} of ${agents} agents answered rightly`);
};

const startOurs = async (folder: string, providerUrl: string): Promise<Side> => {
  const server = await startServer("served/loop-node.ts", [folder, providerUrl], { collects: true });
  const url = `${server.url}/a2a/buyer`;
  let begun = 0;
  return {
    server,
    begin: async (agents) => {
      const load = startLoadGenerator();
      await load.run({ url, connections: CONNECTIONS, count: agents, returnImmediately: true });
      load.stop();
      begun += agents;
    },
    finished: async (agents) => {
      const giveUpAt = performance.now() + GIVE_UP_MS;
      while ((await countTasks(url, "TASK_STATE_COMPLETED")) < begun) {
        if (performance.now() > giveUpAt) break;
        await wait(25);
      }
      return (await countAnswers(url, ANSWER_TEXT)) - (begun - agents);
    },
  };
};

const startPeer = async (folder: string, providerUrl: string): Promise<Side> => {
  mkdirSync(folder, { recursive: true });
  const module = new URL("../agent-loop/loop.ts", import.meta.url).href;
  const server = await startServer("peers/langgraph-agents.mjs", [folder, providerUrl, module], { collects: true });
  let done: Promise<{ readonly done: number; readonly steps: number }>;
  let begun = 0;
  let calls = 0;
  return {
    server,
    begin: async (agents) => {
      calls += begun === 0 ? agents * STEPS : agents * CALLS;
      begun += agents;
      done = new Promise((resolve) => {
        const listen = (message: object): void => {
          if (!("done" in message)) return;
          server.process.off("message", listen);
          resolve(message as { readonly done: number; readonly steps: number });
        };
        server.process.on("message", listen);
      });
      server.process.send({ begin: agents });
    },
    finished: async () => {
      const { done: right, steps } = await done;
      if (steps !== calls) throw new Error(`langgraph has ${steps} of ${calls} calls`);
      return right;
    },
  };
};

const residentOf = ({ process: { pid } }: Served): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * KILOBYTE;
