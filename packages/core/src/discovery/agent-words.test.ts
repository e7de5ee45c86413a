import { expect, test } from "vitest";
import type { AgentRecord } from "../registry/index.ts";
import { agentText } from "./agent-words.ts";

const record = (members: Partial<AgentRecord>): AgentRecord =>
  ({ name: "tax-adviser", description: "", skills: [], ...members }) as AgentRecord;

test("what an agent says of itself is prose: names are words, and what is said twice stands once, where it stood first", () => {
  const skill = {
    id: "file-return",
    name: "File return",
    description: "Files a tax return",
    tags: ["VAT", "tax_adviser"],
  };
  const text = agentText(
    record({ description: "Advises on taxes", skills: [{ ...skill, examples: ["files a tax return"] }] }),
  );
  expect(text).toBe("tax adviser. Advises on taxes. file return. Files a tax return. VAT");
  expect(agentText(record({}))).toBe("tax adviser");
});
