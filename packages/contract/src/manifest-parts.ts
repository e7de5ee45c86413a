/** What manifests of several kinds are made of. */
import { z } from "zod";

// Whoever applies a manifest chooses where the value is sent, so only what is named like a key may leave.
export const SecretVariable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*_(KEY|TOKEN|SECRET)$/, { error: "expected a variable named …_KEY, …_TOKEN or …_SECRET" });
// RFC 9110, 5.6.2.
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// What belongs to one connection: set by somebody else it would tell two servers different ends of one request.
export const CONNECTION_HEADER =
  /^(host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect)$/i;
const SECRET_HEADER = /authorization|cookie|token|secret|password|credential|api-?key|(^|[-_])key$/i;

export const HeaderName = z.string().regex(HEADER_NAME, { error: "expected the name of an HTTP header" });
export const OF_CONNECTION = "belongs to the connection, and is set by the node";

/** Texts, or for what is secret the variable that holds it. */
export const Headers = z
  .record(
    HeaderName,
    z.union([z.string(), z.strictObject({ env: SecretVariable })], {
      error: "expected a text, or { env: NAME_KEY } for what is secret",
    }),
  )
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      if (CONNECTION_HEADER.test(name)) context.addIssue({ code: "custom", path: [name], message: OF_CONNECTION });
      if (typeof value !== "string" || !SECRET_HEADER.test(name)) continue;
      context.addIssue({
        code: "custom",
        path: [name],
        message: `secrets never stand in a manifest: name the variable that holds it, as in ${name}: { env: NAME_KEY }`,
      });
    }
  });

/** A scope as OAuth 2.0 writes it (RFC 6749, 3.3), without commas, since key files separate scopes by them. */
export const Scope = z
  .string()
  .regex(/^[!#-+\--[\]-~]{1,128}$/, { error: "expected a scope, as in loan:write: no spaces, commas, quotes" });

export const HttpUrl = z.url({ protocol: /^https?$/, error: "expected an http:// or https:// address" }).max(2048);
