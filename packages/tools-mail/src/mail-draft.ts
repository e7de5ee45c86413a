import { PlatformError, parseInput, Scope } from "@agentcore/contract";
import { type Tool, tool } from "@agentcore/sdk";
import MailComposer from "nodemailer/lib/mail-composer";
import { z } from "zod";
import { hasUnseen, type Mailbox, readMailbox } from "./mailbox.ts";

const NAME = "mail_draft";
const MAX_RECIPIENTS = 20;
const MAX_TEXT = 200_000;
const MAX_ATTACHMENT_BYTES = 512 * 1024;

/** One that is set, not one that a model writes. */
const OwnMailbox = z
  .string()
  .max(600)
  .transform((text, context) => {
    const read = readMailbox(text);
    if (typeof read !== "string") return read;
    context.addIssue({ code: "custom", message: read });
    return z.NEVER;
  });

const Domain = z
  .string()
  .max(253)
  .transform((text, context) => {
    const read = readMailbox(`any@${text}`);
    if (typeof read !== "string") return read.domain;
    context.addIssue({ code: "custom", message: "expected a domain, as in example.com" });
    return z.NEVER;
  });

export const MailDraftOptions = z.strictObject({
  from: OwnMailbox.describe("Who it is from, as in Desk <desk@example.com>"),
  replyTo: OwnMailbox.optional(),
  domains: z
    .array(Domain)
    .min(1)
    .max(1000)
    .optional()
    .describe("Of recipients, without those below them; all by default"),
  maxRecipients: z.int().min(1).max(500).optional().describe("To, cc and bcc together; 20 by default"),
  maxAttachments: z.int().min(0).max(20).optional().describe("0 by default"),
  maxAttachmentBytes: z.int().min(1).max(8_388_608).optional().describe("All together; 524288 by default"),
  permission: Scope.optional().describe("A scope that whoever the task works for must have"),
});
export type MailDraftOptions = z.input<typeof MailDraftOptions>;
export type ReadOptions = z.output<typeof MailDraftOptions>;

export interface MailDraft {
  /** The message (RFC 5322), in ASCII: what a mail program opens as a draft. */
  readonly eml: string;
  readonly name: "draft.eml";
  readonly mediaType: "message/rfc822";
  readonly bytes: number;
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
}

const seen = (text: string): boolean => !hasUnseen(text);
const ONE_LINE = { error: "expected one line without hidden letters" };
const Recipients = z.array(z.string().max(600)).max(500);

const Attachment = z.object({
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => seen(name) && !/[/\\]/.test(name), { error: "expected the name of a file, without a folder" }),
  contentType: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9][\w.+-]*\/[A-Za-z0-9][\w.+-]*$/, { error: "expected a media type, as in text/csv" })
    // What is a message itself stands in it as it is: not encoded, and by its own structure.
    .refine((type) => !/^(?:multipart|message)\//i.test(type), {
      error: "expected neither multipart nor message; of a mail that is attached application/octet-stream",
    }),
  text: z.string().optional(),
  base64: z.base64().optional(),
});

const Input = z.object({
  to: Recipients.min(1).describe("Addresses, as in ann@example.com or Ann <ann@example.com>"),
  cc: Recipients.default([]),
  bcc: Recipients.default([]),
  subject: z.string().min(1).max(500).refine(seen, ONE_LINE),
  text: z.string().min(1).max(MAX_TEXT).describe("Plain text"),
  inReplyTo: z
    .string()
    .max(500)
    .regex(/^<[!-;=?A-~]+@[!-;=?A-~]+>$/, { error: "expected a message id, as in <id@example.com>" })
    .optional()
    .describe("Message id of the mail that it answers"),
  attachments: z.array(Attachment).max(20).default([]),
});

/** `mail_draft`, for an agent in code. Throws INVALID_ARGUMENT. */
export const mailDraftTool = (options: MailDraftOptions): Tool<z.input<typeof Input>, MailDraft> =>
  draftWithin(parseInput(MailDraftOptions, options, "the options of mailDraftTool()")) as Tool<
    z.input<typeof Input>,
    MailDraft
  >;

export const draftWithin = (
  options: ReadOptions,
  now: () => number = Date.now,
): Tool<z.infer<typeof Input>, MailDraft> =>
  tool({
    name: NAME,
    description: `Writes an e-mail from ${options.from.address} as a draft, which a person sends. It is not sent.`,
    input: Input,
    readOnly: true,
    ...(options.permission === undefined ? {} : { permission: options.permission }),
    async execute(input, { idempotencyKey }) {
      const { from, replyTo } = options;
      const [to, cc, bcc] = [read("to", input.to), read("cc", input.cc), read("bcc", input.bcc)];
      assertRecipients([...to, ...cc, ...bcc], options);
      const attachments = readAttachments(input.attachments, options);
      const messageId = `<${idempotencyKey.slice(0, 32)}@${from.domain}>`;
      const message = new MailComposer({
        ...{ from: named(from), to: to.map(named), cc: cc.map(named), bcc: bcc.map(named) },
        ...(replyTo === undefined ? {} : { replyTo: named(replyTo) }),
        ...{ subject: input.subject, text: input.text, messageId, date: new Date(now()), attachments },
        ...(input.inReplyTo === undefined ? {} : { inReplyTo: input.inReplyTo, references: input.inReplyTo }),
        // By which mail programs open it as what is still to be sent.
        headers: { "X-Unsent": "1" },
        // Nothing is read or fetched: all content stands here.
        ...{ disableFileAccess: true, disableUrlAccess: true, newline: "\r\n" },
        // The same again for the same call.
        baseBoundary: idempotencyKey.slice(0, 32),
      }).compile();
      // Whoever sends the draft needs to know of them; the program that sends it takes the line out.
      message.keepBcc = true;
      const eml = (await message.build()).toString("latin1");
      return {
        ...{ eml, name: "draft.eml", mediaType: "message/rfc822", bytes: eml.length, messageId, from: from.address },
        ...{ to: to.map(addressOf), cc: cc.map(addressOf), bcc: bcc.map(addressOf), subject: input.subject },
      };
    },
  });

const named = ({ name, address }: Mailbox) => ({ name, address });
const addressOf = ({ address }: Mailbox): string => address;

const refuse = (field: string, why: string): never => {
  throw new PlatformError("INVALID_ARGUMENT", `${NAME}: ${field}: ${why}`, {
    violations: [{ field, description: why }],
  });
};

const read = (field: string, texts: readonly string[]): readonly Mailbox[] =>
  texts.map((text, index) => {
    const mailbox = readMailbox(text);
    return typeof mailbox === "string" ? refuse(`${field}[${index}]`, mailbox) : mailbox;
  });

/** Throws INVALID_ARGUMENT for too many, PERMISSION_DENIED for a domain that is not among those that are named. */
const assertRecipients = (all: readonly Mailbox[], { domains, maxRecipients = MAX_RECIPIENTS }: ReadOptions): void => {
  if (all.length > maxRecipients) refuse("to", `${all.length} recipients, ${maxRecipients} are allowed together`);
  const foreign = domains === undefined ? undefined : all.find(({ domain }) => !domains.includes(domain));
  if (foreign !== undefined)
    throw new PlatformError("PERMISSION_DENIED", `${NAME}: ${foreign.address} is not of ${domains?.join(", ")}`);
};

const readAttachments = (
  attachments: z.infer<typeof Input>["attachments"],
  { maxAttachments = 0, maxAttachmentBytes = MAX_ATTACHMENT_BYTES }: ReadOptions,
) => {
  if (attachments.length > maxAttachments)
    refuse("attachments", maxAttachments === 0 ? "none are allowed" : `at most ${maxAttachments} are allowed`);
  let bytes = 0;
  return attachments.map(({ name, contentType, text, base64 }, index) => {
    if ((text === undefined) === (base64 === undefined))
      refuse(`attachments[${index}]`, "expected either text or base64");
    const content = base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64");
    bytes += content.length;
    if (bytes > maxAttachmentBytes) refuse("attachments", `more than ${maxAttachmentBytes} bytes together`);
    return { filename: name, contentType, content };
  });
};
