import { agent } from "agentcore";
import { ParseRequest } from "../domain/agent-messages.ts";
import { parseQuestion } from "../domain/parse-question.ts";
import { salesCatalogue } from "../domain/sales-data.ts";

export const intentParser = agent({
  name: "intent-parser",
  description: "Turns a question about sales into an intent, by rules, or says why it cannot",
  skills: [{ id: "sales-intent", name: "Sales intent", tags: ["sales", "language"] }],
  answer({ payload }, ctx) {
    const { question } = ParseRequest.parse(payload);
    const { version, catalogue } = salesCatalogue(ctx.env["SALES_DATA"]);
    const parsed = parseQuestion(question, { today: catalogue.lastDay, catalogue });
    return { parsed, dataVersion: version, catalogue };
  },
});
