import { agent } from "agentcore";
import { LetterReceipt, LetterRequest } from "../domain/agent-messages.ts";
import { writeLetter } from "../domain/letter.ts";
import { letterFileName, writeLetterFile } from "../domain/letter-file.ts";

export const communicator = agent({
  name: "communicator",
  description: "Writes the letter that tells an applicant the decision and its reasons",
  skills: [{ id: "letter-writing", name: "Letter writing", tags: ["loan", "letters"] }],
  input: LetterRequest,
  output: LetterReceipt,
  idempotent: true,
  async run({ input: { application, facts, risk, decision, outDirectory, date, stage } }, ctx) {
    const { subject, body } = writeLetter({ facts, decision, risk, reference: application, date });
    const name = letterFileName(application, stage);
    const path = await ctx.step("write-letter", ({ idempotencyKey }) =>
      writeLetterFile({ directory: outDirectory, name, text: `${subject}\n\n${body}` }, idempotencyKey),
    );
    await ctx.artifact({ name, description: subject, text: body, mediaType: "text/plain" });
    return { path };
  },
});
