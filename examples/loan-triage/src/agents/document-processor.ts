import { agent } from "agentcore";
import { ExtractionRequest } from "../domain/agent-messages.ts";
import { Extraction } from "../domain/application.ts";
import { readDocument } from "../domain/read-document.ts";

export const documentProcessor = agent({
  name: "document-processor",
  description: "Reads a loan application from a PDF, letter, statement or data file and notes where each value stands",
  skills: [{ id: "document-extraction", name: "Document extraction", tags: ["loan", "documents"] }],
  input: ExtractionRequest,
  output: Extraction,
  idempotent: true,
  run: ({ input: { path, receivedOn } }, ctx) => ctx.step("read-document", () => readDocument(path, receivedOn)),
});
