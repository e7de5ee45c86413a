import { join } from "node:path";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

// "async", as it comes, saves a step while the next one runs: weaker than ours.
const DURABILITY = "sync";

/** A graph whose state holds the last result and those of the three checks: what later nodes read. */
export const startWorkflows = async ({ place, work, turns, full }) => {
  const saver = SqliteSaver.fromConnString(join(place, "langgraph.db"));
  saver.setup();
  if (full) saver.db.pragma("synchronous = FULL");
  const graph = compileGraph(work, saver);
  const loop = compileLoop(work, saver);
  const prefix = Date.now().toString(36);
  let threads = 0;
  const optionsOf = (steps) => ({
    configurable: { thread_id: `${prefix}-${++threads}` },
    durability: DURABILITY,
    recursionLimit: steps + 10,
  });
  return {
    notes: [
      `LangGraph.js: SqliteSaver, WAL, synchronous=${full ? "FULL" : "NORMAL, as its driver is built (a commit is not synced: weaker than ours)"}, durability "${DURABILITY}"`,
    ],
    runGraph: async (order) => (await graph.invoke({ order }, optionsOf(20))).last.value,
    runLoop: async () => (await loop.invoke({ last: work.begin() }, optionsOf(turns))).last.turn,
    countResults: async () =>
      saver.db.prepare("select count(*) as n from writes where channel in ('last', 'checks')").get().n,
    close: async () => saver.db.close(),
  };
};

const compileGraph = (work, checkpointer) => {
  const State = Annotation.Root({
    order: Annotation(),
    last: Annotation(),
    checks: Annotation({ reducer: (left, right) => ({ ...left, ...right }), default: () => ({}) }),
  });
  const after = (node) => async (state) => ({ last: await work[node](state.last) });
  const check = (node) => async (state) => ({ checks: { [node]: await work[node](state.last) } });
  const checks = ["credit", "identity", "fraud"];
  let graph = new StateGraph(State)
    .addNode("receive", async (state) => ({ last: await work.receive(state.order) }))
    .addNode("merge", async (state) => ({ last: await work.merge(state.checks) }));
  for (const node of ["parse", "simple", "detailed", "score", "accept", "refuse", "finish"])
    graph = graph.addNode(node, after(node));
  for (const node of checks) graph = graph.addNode(node, check(node));
  for (const node of checks) graph = graph.addEdge("simple", node).addEdge("detailed", node);
  return graph
    .addEdge(START, "receive")
    .addEdge("receive", "parse")
    .addConditionalEdges("parse", (state) => (work.isDetailed(state.last) ? "detailed" : "simple"), [
      "simple",
      "detailed",
    ])
    .addEdge(checks, "merge")
    .addEdge("merge", "score")
    .addConditionalEdges("score", (state) => (work.isAccepted(state.last) ? "accept" : "refuse"), ["accept", "refuse"])
    .addEdge("accept", "finish")
    .addEdge("refuse", "finish")
    .addEdge("finish", END)
    .compile({ checkpointer });
};

const compileLoop = (work, checkpointer) =>
  new StateGraph(Annotation.Root({ last: Annotation() }))
    .addNode("turn", async (state) => ({ last: await work.turn(state.last) }))
    .addEdge(START, "turn")
    .addConditionalEdges("turn", (state) => (work.isLast(state.last) ? END : "turn"), ["turn", END])
    .compile({ checkpointer });
