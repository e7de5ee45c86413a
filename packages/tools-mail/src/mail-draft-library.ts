import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { draftWithin, MailDraftOptions, type ReadOptions } from "./mail-draft.ts";

export const mailDraftLibrary: ToolLibrary<ReadOptions> = toolLibrary({
  name: "mail-draft",
  description: "Writes e-mails for people to send, and sends none",
  options: MailDraftOptions,
  open: (options) => [draftWithin(options)],
});
