/** What models are asked in the benchmarks, and what the local provider says to all of it. */

export const ANSWER_TEXT = "The quick brown fox jumps over the lazy dog.";

export const MESSAGES = [
  { role: "system", content: "You answer in one sentence." },
  { role: "user", content: "Which sentence has every letter of the alphabet in it?" },
] as const;
