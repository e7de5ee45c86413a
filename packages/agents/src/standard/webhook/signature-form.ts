/** How services sign what they deliver, as data: which header holds it, what is signed, and where the time stands. */
import { z } from "zod";

export const HeaderName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, { error: "expected the name of a header, in lower case" });

const PLACE = /\{(id|timestamp|body)\}/g;
const placesIn = (template: string): readonly string[] => [...template.matchAll(PLACE)].map(([, place]) => place ?? "");

const Hmac = z
  .strictObject({
    /** Holds the signature, or several. */
    header: HeaderName,
    /** Between several, and between a signature and what else stands there. @default the header is one signature */
    separator: z.enum([",", " "]).optional(),
    /** Before each signature; what does not begin so is none. */
    prefix: z.string().max(20).default(""),
    algorithm: z.enum(["sha256", "sha384", "sha512"]).default("sha256"),
    encoding: z.enum(["hex", "base64"]).default("hex"),
    /** What is signed: `{body}` as it came, `{timestamp}`, `{id}`, and text between them. */
    signed: z.string().max(100).default("{body}"),
    /** Seconds since 1970: a header of its own, or the part of the signature's header that begins so. @default none: nothing says how old it is */
    timestamp: z
      .union([z.strictObject({ header: HeaderName }), z.strictObject({ part: z.string().min(1).max(20) })])
      .optional(),
    /** What the variables hold: the key as text, or in base64, which may begin with `whsec_`. */
    secret: z.enum(["text", "base64"]).default("text"),
  })
  .superRefine(({ signed, timestamp, separator }, context) => {
    const refuse = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    const places = placesIn(signed);
    if (places.filter((place) => place === "body").length !== 1) refuse("signed", "expected {body} in it, once");
    // What anybody can change says nothing.
    if (places.includes("timestamp") !== (timestamp !== undefined))
      refuse("signed", timestamp === undefined ? "expected a timestamp beside it" : "expected {timestamp} in it");
    if (timestamp !== undefined && "part" in timestamp && separator === undefined)
      refuse("separator", "expected, since the header has parts");
  });

/** Anybody who sees one delivery has it, and nothing says that the body is theirs: for services that do no better. */
const Token = z.strictObject({ token: HeaderName });

const form = (given: z.input<typeof Hmac>): SignatureForm => Hmac.parse(given);

export type SignatureForm = z.output<typeof Hmac> | z.output<typeof Token>;

/** What tells one delivery from another. */
export const DeliveryId = z.union([
  z.strictObject({ header: HeaderName }),
  z.strictObject({ payload: z.string().regex(/^[\w-]+(\.[\w-]+){0,9}$/, { error: "expected a path, as data.id" }) }),
  z.literal("content"),
]);
export type DeliveryId = z.output<typeof DeliveryId>;

interface KnownService {
  readonly signature: SignatureForm;
  readonly id: DeliveryId;
}

/** From the documentation of each: what it signs and how, and which id stays the same when it tries again. */
export const knownServices: Readonly<Record<"github" | "standard-webhooks" | "stripe", KnownService>> = {
  // docs.github.com, "Validating webhook deliveries". No timestamp, and the id is not signed.
  github: {
    signature: form({ header: "x-hub-signature-256", prefix: "sha256=" }),
    id: { header: "x-github-delivery" },
  },
  // github.com/standard-webhooks, spec/standard-webhooks.md: symmetric signatures alone.
  "standard-webhooks": {
    signature: form({
      ...{ header: "webhook-signature", separator: " ", prefix: "v1,", encoding: "base64", secret: "base64" },
      ...{ signed: "{id}.{timestamp}.{body}", timestamp: { header: "webhook-timestamp" } },
    }),
    id: { header: "webhook-id" },
  },
  // docs.stripe.com/webhooks, "Verify webhook signatures manually". Tries again with a new time, and the event's id.
  stripe: {
    signature: form({
      ...{ header: "stripe-signature", separator: ",", prefix: "v1=" },
      ...{ signed: "{timestamp}.{body}", timestamp: { part: "t=" } },
    }),
    id: { payload: "id" },
  },
};

export const Signature = z.union([z.enum(["github", "standard-webhooks", "stripe"]), Hmac, Token], {
  error: "expected github, standard-webhooks, stripe, { header, prefix, … } or { token: HEADER }",
});
