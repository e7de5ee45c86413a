/** `kind: Tool`: tools that agents name, and that somebody else has written: those of an MCP server, or of a library. */
import { z } from "zod";
import { CONNECTION_HEADER, HeaderName, Headers, HttpUrl, OF_CONNECTION, SecretVariable } from "./manifest-parts.ts";

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const SECRET_NAME = /(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;

/** What the program is given for an environment, beside PATH: texts, or for what is secret the variable of the node that holds it. */
export const ProgramEnv = z
  .record(
    z.string().regex(VARIABLE_NAME, { error: "expected the name of an environment variable" }),
    z.union([z.string().max(32_768), z.strictObject({ env: SecretVariable })], {
      error: "expected a text, or { env: NAME_KEY } for what is secret",
    }),
  )
  .superRefine((variables, context) => {
    for (const [name, value] of Object.entries(variables))
      if (typeof value === "string" && SECRET_NAME.test(name))
        context.addIssue({
          code: "custom",
          path: [name],
          message: `secrets never stand in a manifest: name the variable that holds it, as in ${name}: { env: NAME_KEY }`,
        });
  });

/** A server that the node starts, and talks to by its standard input and output. */
const McpProgram = z.strictObject({
  /** Run as it is, by no shell. */
  command: z.string().min(1).max(4096),
  args: z.array(z.string().max(32_768)).max(200).optional(),
  env: ProgramEnv.optional(),
  /** Where it runs; absolute. @default the node's own folder */
  cwd: z.string().min(1).max(4096).regex(/^\//, { error: "expected an absolute path" }).optional(),
});
export type McpProgram = z.infer<typeof McpProgram>;

const McpAuth = z.union(
  [
    z.strictObject({ bearerEnv: SecretVariable }),
    z.strictObject({
      apiKeyEnv: SecretVariable,
      header: HeaderName.refine((name) => !CONNECTION_HEADER.test(name), { error: OF_CONNECTION }),
    }),
    z.strictObject({
      /** Client credentials (RFC 6749, 4.4), as MCP's authorisation has them: the server says where its tokens come from. */
      oauth2: z
        .strictObject({
          clientId: z.string().min(1).max(256).optional(),
          clientIdEnv: SecretVariable.optional(),
          clientSecretEnv: SecretVariable,
          /** The only authorisation server that the secret is sent to, whatever the MCP server says. */
          issuer: HttpUrl,
          /** @default what the server asks for */
          scopes: z.array(z.string().min(1).max(256)).max(50).optional(),
        })
        .refine(({ clientId, clientIdEnv }) => (clientId === undefined) !== (clientIdEnv === undefined), {
          error: "expected either clientId or clientIdEnv",
          path: ["clientId"],
        }),
    }),
    z.strictObject({
      /** The consent of whoever a task works for (OAuth 2.1's authorisation code), asked for when the server wants it. */
      authorizationCode: z
        .strictObject({
          /** As which the node is known to the authorisation server. @default it registers itself */
          clientId: z.string().min(1).max(2048).optional(),
          clientIdEnv: SecretVariable.optional(),
          clientSecretEnv: SecretVariable.optional(),
          /** The only authorisation server that will do, and the only one that may be on this machine or in a private network. @default the one that the server names */
          issuer: HttpUrl.optional(),
          /** Asked for besides what the server asks for. @default none */
          scopes: z.array(z.string().min(1).max(256)).max(50).optional(),
        })
        .refine(({ clientId, clientIdEnv }) => clientId === undefined || clientIdEnv === undefined, {
          error: "expected clientId or clientIdEnv, not both",
          path: ["clientId"],
        })
        .refine(
          ({ clientId, clientIdEnv, clientSecretEnv }) =>
            clientSecretEnv === undefined || clientId !== undefined || clientIdEnv !== undefined,
          { error: "expected clientId or clientIdEnv beside it: whose secret it is", path: ["clientSecretEnv"] },
        )
        .refine(({ clientSecretEnv, issuer }) => clientSecretEnv === undefined || issuer !== undefined, {
          error: "expected the only authorisation server that the secret is sent to",
          path: ["issuer"],
        }),
    }),
  ],
  { error: "expected { bearerEnv }, { apiKeyEnv, header }, { oauth2 } or { authorizationCode }" },
);
export type McpConsent = Extract<z.infer<typeof McpAuth>, { authorizationCode: unknown }>["authorizationCode"];

/** A server at an address, by streamable HTTP. */
const McpEndpoint = z.strictObject({ url: HttpUrl, auth: McpAuth.optional(), headers: Headers.optional() });
export type McpEndpoint = z.infer<typeof McpEndpoint>;

/** What holds wherever the tools are. */
const SOURCE = {
  /** Names at their source of those that agents get. @default all */
  tools: z.array(z.string().min(1).max(128)).min(1).max(500).optional(),
  /** Milliseconds one call may take, and the opening of the source. @default 60000 */
  timeoutMs: z.int().min(100).max(3_600_000).optional(),
  /** Of one result, as JSON. @default 1048576 */
  maxResultBytes: z.int().min(1024).max(16_777_216).optional(),
};

export const McpServerSpec = z
  .strictObject({ stdio: McpProgram.optional(), http: McpEndpoint.optional(), ...SOURCE })
  .refine(({ stdio, http }) => (stdio === undefined) !== (http === undefined), {
    error: "expected either stdio or http: where the server is",
    path: ["stdio"],
  });
export type McpServerSpec = z.infer<typeof McpServerSpec>;

export const ToolLibrarySpec = z.strictObject({
  /** Of the libraries that the node knows; each is an installation of its own. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, { error: "expected the name of a library, as in calculator" }),
  /** Held against the library's own schema when the manifest is applied. @default {} */
  options: z.record(z.string(), z.unknown()).optional(),
  ...SOURCE,
});
export type ToolLibrarySpec = z.infer<typeof ToolLibrarySpec>;

export const ToolSpec = z
  .strictObject({
    description: z.string().max(4096).optional(),
    mcp: McpServerSpec.optional(),
    library: ToolLibrarySpec.optional(),
  })
  .refine(({ mcp, library }) => (mcp === undefined) !== (library === undefined), {
    error: "expected either mcp or library: where the tools come from",
    path: ["mcp"],
  });
