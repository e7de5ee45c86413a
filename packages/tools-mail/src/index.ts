/** E-mails that an agent writes, and that people send. */
export { type MailDraft, type MailDraftOptions, mailDraftTool } from "./mail-draft.ts";
export { mailDraftLibrary } from "./mail-draft-library.ts";
