import fc from "fast-check";
import { expect, test } from "vitest";
import { mailDraftLibrary, mailDraftTool } from "./index.ts";
import { draftWithin, type MailDraft, MailDraftOptions } from "./mail-draft.ts";

const context = { signal: new AbortController().signal, idempotencyKey: "k".repeat(64) };

const draft = async (input: object, options: object = {}): Promise<MailDraft> => {
  const tool = draftWithin(MailDraftOptions.parse({ from: "Desk <desk@acme.example>", ...options }), () => 0);
  const judged = await tool.input["~standard"].validate({
    to: ["ann@example.com"],
    subject: "Hi",
    text: "Hello",
    ...input,
  });
  if (judged.issues !== undefined) throw new Error(judged.issues.map(({ message }) => message).join("; "));
  return tool.execute(judged.value, context);
};

/** Unfolded, by name in lower case. */
const headersOf = (eml: string): ReadonlyMap<string, readonly string[]> => {
  const headers = new Map<string, string[]>();
  const [head = ""] = eml.split("\r\n\r\n");
  for (const line of head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const [, name = "", value = ""] = /^([^:]+): ?(.*)$/s.exec(line) ?? [];
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  }
  return headers;
};

test("a draft is a message that a mail program opens, and tells who gets it", async () => {
  const { eml, ...told } = await draft({
    to: ["Ann Lee <ann@Example.com>"],
    ...{
      cc: ["bo@example.com"],
      bcc: ["eve@example.com"],
      subject: "Møte",
      text: "Ses kl. 9.\nHilsen",
      inReplyTo: "<a@b.c>",
    },
  });
  expect(told).toEqual({
    ...{ name: "draft.eml", mediaType: "message/rfc822", bytes: eml.length, from: "desk@acme.example" },
    messageId: `<${"k".repeat(32)}@acme.example>`,
    ...{ to: ["ann@example.com"], cc: ["bo@example.com"], bcc: ["eve@example.com"], subject: "Møte" },
  });
  expect(Object.fromEntries(headersOf(eml))).toMatchObject({
    ...{ from: ["Desk <desk@acme.example>"], to: ["Ann Lee <ann@example.com>"], cc: ["bo@example.com"] },
    ...{ bcc: ["eve@example.com"], subject: ["=?UTF-8?Q?M=C3=B8te?="], "in-reply-to": ["<a@b.c>"], "x-unsent": ["1"] },
    ...{ date: ["Thu, 01 Jan 1970 00:00:00 +0000"], "message-id": [told.messageId] },
  });
  expect(eml.split("\r\n\r\n")[1]).toBe("Ses kl. 9.\r\nHilsen\r\n");
});

test("the same call writes the same message again", async () => {
  const input = { attachments: [{ name: "a.csv", contentType: "text/csv", text: "a;b" }] };
  const one = await draft(input, { maxAttachments: 1 });
  expect(await draft(input, { maxAttachments: 1 })).toEqual(one);
});

test.each([
  { subject: "Hi\r\nBcc: eve@evil.example" },
  { subject: "Hi\nX: y" },
  { subject: "Hi\u2028X: y" },
  { to: ["ann@example.com\r\nBcc: eve@evil.example"] },
  { to: ["Ann\r\nBcc: eve@evil.example <ann@example.com>"] },
  { to: ["ann@example.com, eve@evil.example"] },
  { to: ["ann@example.com; eve@evil.example"] },
  { to: ["friends: ann@example.com, eve@evil.example;"] },
  { to: ['"ann@acme.example" <eve@evil.example>'] },
  { to: ["ann@example.com <eve@evil.example>"] },
  { to: ["<ann@example.com> <eve@evil.example>"] },
  { to: ['"a b"@example.com'] },
  { to: ["ann@[127.0.0.1]"] },
  { to: ["ann@localhost"] },
  { to: ["a\u202enn@example.com"] },
  { to: ["=?utf-8?B?Ym9zc0BhY21lLmV4YW1wbGU=?= <eve@evil.example>"] },
  { to: ["ann\uff20acme.example <eve@evil.example>"] },
  { subject: "Hi =?utf-8?Q?=0AX:?=" },
  { to: [] },
  { inReplyTo: "<a@b>\r\nBcc: eve@evil.example" },
  { inReplyTo: "<a@b> <c@d>" },
])("lines of its own, and other recipients than those that are named, are refused: %j", async (input) => {
  await expect(draft(input)).rejects.toThrow();
});

test("whatever a model writes becomes no header and no recipient", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 });
  const known = new Set(
    "from to cc bcc subject message-id date x-unsent mime-version content-type content-transfer-encoding in-reply-to references".split(
      " ",
    ),
  );
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(text, text, text, async (subject, body, name) => {
      const made = await draft({ subject, text: body, to: [`${name} <ann@example.com>`] }).catch(() => null);
      if (made === null) return;
      accepted += 1;
      const headers = headersOf(made.eml);
      for (const [header, values] of headers) {
        expect(known).toContain(header);
        expect(values).toHaveLength(1);
      }
      // With a name that is nothing but space the address stands alone, and is all that stands there.
      const to = headers.get("to")?.[0] ?? "";
      expect(to.match(/<[^>]*>/g) ?? [`<${to}>`]).toEqual(["<ann@example.com>"]);
      // RFC 5322, 2.1.1.
      for (const line of made.eml.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
      expect(made.eml).toMatch(/^[\t\r\n -~]*$/);
    }),
    { numRuns: 300, examples: [[" ", " ", " "]] },
  );
  expect(accepted).toBeGreaterThan(100);
});

test("recipients are those of the domains that are named, and not more than allowed", async () => {
  const domains = ["Example.com", "bücher.example"];
  expect((await draft({ to: ["ann@EXAMPLE.com", "bo@bücher.example"] }, { domains })).to).toEqual([
    "ann@example.com",
    "bo@xn--bcher-kva.example",
  ]);
  for (const field of ["to", "cc", "bcc"])
    for (const address of ["eve@evil.example", "eve@sub.example.com", "eve@example.com.evil.example"])
      await expect(draft({ [field]: [address] }, { domains })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  const many = Array.from({ length: 20 }, (_, index) => `a${index}@example.com`);
  expect((await draft({ to: many })).to).toHaveLength(20);
  await expect(draft({ to: many, bcc: ["one@example.com"] })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("attachments are refused where none are allowed, and bounded where some are", async () => {
  const attachments = [{ name: "a.csv", contentType: "text/csv", text: "a;b" }];
  await expect(draft({ attachments })).rejects.toThrow(/none are allowed/);
  const options = { maxAttachments: 1, maxAttachmentBytes: 10 };
  expect((await draft({ attachments }, options)).eml).toContain("filename=a.csv");
  const refused = [
    [...attachments, ...attachments],
    [{ name: "a", contentType: "text/plain", text: "x".repeat(11) }],
    [{ name: "a", contentType: "text/plain", base64: "AAAAAAAAAAAAAAAAAAAA" }],
    [{ name: "a", contentType: "text/plain" }],
    [{ name: "../a", contentType: "text/plain", text: "" }],
    [{ name: "a\r\nX: y", contentType: "text/plain", text: "" }],
    [{ name: "a", contentType: "text/plain\r\nX: y", text: "" }],
    [{ name: "a", contentType: "text/plain", base64: "no base64!" }],
    [{ name: "a", contentType: "message/rfc822", text: "X: \u00e9" }],
    [{ name: "a", contentType: "Multipart/mixed", text: "" }],
  ];
  for (const each of refused) await expect(draft({ attachments: each }, options)).rejects.toThrow();
});

test("no path is read and no address fetched for an attachment, whatever a model adds", async () => {
  const attachments = [
    { name: "p", contentType: "text/plain", text: "mine", path: "/etc/passwd", href: "http://127.0.0.1/" },
  ];
  const { eml } = await draft({ attachments }, { maxAttachments: 1 });
  expect(eml).toContain(Buffer.from("mine").toString("base64"));
  expect(eml).not.toContain(Buffer.from("root:").toString("base64").slice(0, 5));
});

test("options that could not work are refused", async () => {
  const judge = async (options: object) => {
    const { issues } = await mailDraftLibrary.options["~standard"].validate(options);
    return issues?.map(({ path = [] }) => path.map(String).join("."));
  };
  expect(await judge({})).toEqual(["from"]);
  expect(await judge({ from: "desk" })).toEqual(["from"]);
  expect(await judge({ from: "a@b.example", domains: ["*"] })).toEqual(["domains.0"]);
  expect(await judge({ from: "a@b.example", smtp: "x" })).toEqual([""]);
  expect(mailDraftTool({ from: "a@b.example", permission: "mail:write" })).toMatchObject({
    ...{ name: "mail_draft", readOnly: true, permission: "mail:write" },
  });
});
