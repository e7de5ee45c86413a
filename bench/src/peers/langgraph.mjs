import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

const POOL_SIZE = 20;

// "async", as it comes, saves a step while the next one runs: weaker than ours, and no faster with 200 threads at once.
const DURABILITY = "sync";

/** A graph of nodes in a row. Its state holds the last result only, which is the least that it can be made to write. */
export const startSteps = async ({ url, resultOf }) => {
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE });
  const checkpointer = new PostgresSaver(pool);
  await checkpointer.setup();
  const graphs = new Map();
  const graphOf = (steps) => {
    if (!graphs.has(steps)) graphs.set(steps, compile(steps, resultOf, checkpointer));
    return graphs.get(steps);
  };
  let threads = 0;
  return {
    notes: [
      `LangGraph.js: a graph of one node a step, PostgresSaver, pool ${POOL_SIZE}, durability "${DURABILITY}": a step's result is committed before the next begins, as ours`,
      "LangGraph.js commits a step twice, its task's writes and the checkpoint; nothing there finds and resumes a run whose process died",
    ],
    runTask: async (steps) => {
      const configurable = { thread_id: `thread-${++threads}` };
      const options = { configurable, durability: DURABILITY, recursionLimit: steps + 10 };
      const state = await graphOf(steps).invoke({ result: "" }, options);
      if (state.result !== resultOf(steps - 1)) throw new Error("the last result is not that of the last step");
      // Counted in the database, result by result.
      return steps * state.result.length;
    },
    countStored: async () => {
      const { rows } = await pool.query(
        "select count(*) from checkpoint_blobs where channel = 'result' and length(blob) >= $1",
        [resultOf(0).length],
      );
      return Number(rows[0].count);
    },
    close: () => pool.end(),
  };
};

const compile = (steps, resultOf, checkpointer) => {
  let graph = new StateGraph(Annotation.Root({ result: Annotation() }));
  const nameOf = (step) => (step < 0 ? START : step === steps ? END : `step-${step}`);
  for (let step = 0; step < steps; step++) graph = graph.addNode(nameOf(step), () => ({ result: resultOf(step) }));
  for (let step = 0; step <= steps; step++) graph = graph.addEdge(nameOf(step - 1), nameOf(step));
  return graph.compile({ checkpointer });
};
