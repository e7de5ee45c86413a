/**
 * As many agents at once as it is asked for, in a process of its own. Arguments: data folder, address of the model, and the loop's module. It is told
 * `{ begin: n }`, and says `{ done: n }` when so many have answered. Says when it is ready.
 */
import { startLoops } from "./langgraph-loops.mjs";

const [place, url, module] = process.argv.slice(2);
const { loop } = await import(module);
const { run, countSteps, close } = await startLoops({ place, loop, full: false, url });

const runAtOnce = async (runs) => {
  const said = await Promise.all(Array.from({ length: runs }, () => run()));
  process.send({ done: said.filter((text) => text === loop.ANSWER_TEXT).length, steps: await countSteps() });
};

process.on("message", (message) => {
  if (message.begin !== undefined) void runAtOnce(message.begin);
});
process.send({ url });
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.once("SIGTERM", () => void close().then(() => process.exit(0)));
