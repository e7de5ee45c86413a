/** One benchmark in a process of its own, so that none warms, fills or breaks the next. Answers over IPC. */
import { loadBenchmark } from "./catalogue.ts";

const answer = (message: object, code: number): void => {
  process.send?.(message, undefined, {}, () => process.exit(code));
};

// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
const name = process.argv[2] ?? "";
const benchmark = await loadBenchmark(name);
try {
  const result = await benchmark.run();
  answer({ result }, 0);
} catch (error) {
  const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  answer({ failure }, 1);
}
