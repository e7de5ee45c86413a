import { agent } from "agentcore";
import { SqlRequest } from "../domain/agent-messages.ts";
import { buildQueries } from "../domain/query-builder.ts";
import { salesData } from "../domain/sales-data.ts";

export const salesSql = agent({
  name: "sales-sql",
  description: "Runs the queries of an intent on the sales database, for reading only",
  skills: [{ id: "sales-query", name: "Sales query", tags: ["sales", "sql"] }],
  answer({ payload }, ctx) {
    const { intent } = SqlRequest.parse(payload);
    const database = salesData(ctx.env["SALES_DATA"]);
    const dataVersion = database.version();
    return { results: buildQueries(intent).map((query) => database.run(query)), dataVersion };
  },
});
