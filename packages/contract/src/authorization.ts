/** Access that a task waits for, and what somebody decides about it (A2A 7.6). */
import { z } from "zod";

/** The longest that granted access is good for. */
export const MAX_AUTHORIZATION_MS = 30 * 86_400_000;
/** How long a credential is good for when neither the agent nor whoever grants it says. */
export const DEFAULT_AUTHORIZATION_MS = 86_400_000;

/** What people write to say which access they mean. */
export const AuthorizationName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/,
    "expected 1 to 128 letters, digits or ._:/@- that begin with one of the first two",
  );

/** Names one question of one task. */
export const AuthorizationReference = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "expected the reference that stands in the question, 32 hexadecimal digits");

/** What a task asks for, as `ctx.waitForAuthorization` names it. */
export const AuthorizationAsked = z.object({
  name: AuthorizationName,
  scopes: z.array(z.string().min(1).max(256)).max(100).optional(),
  url: z
    .string()
    .max(4096)
    .regex(/^https?:\/\/\S+$/i, "expected an address that begins with https:// or http://")
    .optional(),
  maxDurationMs: z.int().min(1).max(MAX_AUTHORIZATION_MS).optional(),
});
export type AuthorizationAsked = z.infer<typeof AuthorizationAsked>;

/** As it stands in the log and in the question; what earlier versions wrote has no reference. */
export const AuthorizationQuestion = AuthorizationAsked.extend({ reference: AuthorizationReference.optional() });
export type AuthorizationQuestion = z.infer<typeof AuthorizationQuestion>;

export const CREDENTIAL_TYPES = ["bearer", "apiKey", "basic", "other"] as const;

export const Credential = z.strictObject({
  type: z.enum(CREDENTIAL_TYPES),
  /** A secret; never in a message, a log or an error. */
  value: z.string().min(1).max(16_384),
});
export type Credential = Readonly<z.infer<typeof Credential>>;

/** What somebody says to a task that waits for access: granted, with a credential or without one, or refused. */
export const AuthorizationDecision = z
  .strictObject({
    /** Needed where the task has asked for several. */
    name: AuthorizationName.optional(),
    /** Which question is meant. Needed where the task has asked for that name before, or has gone on with `continueAs`. */
    reference: AuthorizationReference.optional(),
    /** Left out when access was given elsewhere, for example by consent at the address that the task names. */
    credential: Credential.optional(),
    /**
     * Milliseconds that it is good for; never longer than the agent asked for. @default what the agent asked for; else a day with a
     * `credential`, for good without one
     */
    expiresInMs: z.int().min(1).max(MAX_AUTHORIZATION_MS).optional(),
    /** Refuses, and says why. */
    deny: z.string().min(1).max(1000).optional(),
  })
  .refine(
    ({ deny, credential, expiresInMs }) =>
      deny === undefined || (credential === undefined && expiresInMs === undefined),
    {
      error: "expected deny alone, or credential and expiresInMs without it",
    },
  );
export type AuthorizationDecision = Readonly<z.infer<typeof AuthorizationDecision>>;
