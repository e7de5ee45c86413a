import { agent } from "agentcore";
import { FormatRequest } from "../domain/agent-messages.ts";
import { formatAnswer } from "../domain/format-answer.ts";

export const answerFormatter = agent({
  name: "answer-formatter",
  description: "Puts the results of a sales query into a sentence, a table and notes",
  skills: [{ id: "sales-answer", name: "Sales answer", tags: ["sales", "language"] }],
  answer({ payload }) {
    const { intent, results, coverage } = FormatRequest.parse(payload);
    return formatAnswer(intent, results, coverage);
  },
});
