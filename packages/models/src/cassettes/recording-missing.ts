import { PlatformError } from "@agentcore/contract/errors";
import { canonicalJson } from "@agentcore/core/payloads";
import type { SimilarCalls } from "./cassette.ts";
import { type RecordedRequest } from "./recorded-request.ts";
import { differencesOf, type RequestDifference } from "./request-differences.ts";

const MAX_DIFFERENCES = 5;
const MAX_MODELS = 5;
// Of each request, from its beginning and its end: what is compared to find the nearest.
const COMPARED_LENGTH = 20_000;

const ANEW = "To record it anew, run once with --record (testAgent: record) into an empty folder.";

/** Says in what the request differs from the nearest of the same model. Not where the recording lies: callers of a node read it too. */
export const recordingMissing = (request: RecordedRequest, similar: SimilarCalls): PlatformError => {
  const { model, operation } = request;
  const what = `${operation === "chat" ? "this request to" : "vectors of these texts by"} ${model}`;
  const nearest = nearestOf(request, similar.calls);
  const found =
    nearest === undefined
      ? `Of this model there is nothing${modelsIn(similar.models)}.`
      : [`The nearest, ${nearest.name}, differs in`, ...linesOf(differencesOf(nearest.request, request))].join("\n");
  return new PlatformError("RECORDING_MISSING", `there is no recording of ${what}. ${found}\n${ANEW}`, {
    details: { model, operation, ...(nearest === undefined ? {} : { nearest: nearest.name }) },
  });
};

const modelsIn = (models: readonly string[]): string => {
  if (models.length === 0) return ", nor of any other";
  const more = models.length > MAX_MODELS ? " and others" : "";
  return `, but of ${models.slice(0, MAX_MODELS).join(", ")}${more}`;
};

const linesOf = (differences: readonly RequestDifference[]): readonly string[] => {
  const lines = differences
    .slice(0, MAX_DIFFERENCES)
    .flatMap(({ path, recorded = "(nothing)", asked = "(nothing)" }) => [
      `  ${path}`,
      `    recorded: ${recorded}`,
      `    asked:    ${asked}`,
    ]);
  const more = differences.length - MAX_DIFFERENCES;
  // Where it held a secret, which is not kept.
  if (differences.length === 0) return ["  nothing that is kept: a secret stood in it, or its file was changed"];
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
};

type Candidate = SimilarCalls["calls"][number];

const nearestOf = (request: RecordedRequest, candidates: readonly Candidate[]): Candidate | undefined => {
  const asked = wordCounts(request);
  let best: { readonly candidate: Candidate; readonly likeness: number } | undefined;
  for (const candidate of candidates) {
    const likeness = likenessOf(asked, wordCounts(candidate.request));
    if (best === undefined || likeness > best.likeness) best = { candidate, likeness };
  }
  return best?.candidate;
};

const wordCounts = (request: RecordedRequest): ReadonlyMap<string, number> => {
  const text = canonicalJson(request);
  const compared =
    text.length > 2 * COMPARED_LENGTH ? text.slice(0, COMPARED_LENGTH) + text.slice(-COMPARED_LENGTH) : text;
  const counts = new Map<string, number>();
  for (const [word] of compared.matchAll(/[\p{L}\p{N}]+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

/** 0 to 1: the share of words that both have (Dice). */
const likenessOf = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number => {
  let common = 0;
  for (const [word, count] of a) common += Math.min(count, b.get(word) ?? 0);
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((all, one) => all + one, 0);
  return (2 * common) / Math.max(1, sum(a) + sum(b));
};
