/** Our client as the protocol's conformance package starts it: `conformance-client.ts URL`, the scenario in the environment. */
import { openConnection } from "@agentcore/mcp/client";

const url = process.argv.at(-1) ?? "";
const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as Readonly<Record<string, unknown>>;

const auth = scenario.startsWith("auth/client-credentials")
  ? {
      oauth2: {
        clientId: String(context["client_id"]),
        clientSecretEnv: "CLIENT_SECRET",
        issuer: await issuerOf(url),
      },
    }
  : undefined;
const signal = AbortSignal.timeout(20_000);
const connection = await openConnection(
  {
    ...{
      what: "the server",
      spec: { http: { url, ...(auth === undefined ? {} : { auth }) } },
      version: "1",
      path: undefined,
    },
    policy: { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "" },
    read: () => String(context["client_secret"]),
    onChanged: () => undefined,
  },
  signal,
);
const tools = await connection.list(signal);
const asked = context["toolCalls"] as
  | readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[]
  | undefined;
const calls = asked ?? tools.map(({ name, inputJsonSchema }) => ({ name, arguments: inputOf(inputJsonSchema) }));
for (const { name, arguments: input } of calls) {
  const call = { tool: name, input, idempotencyKey: "conformance", mayRepeat: false, signal };
  console.log(name, await connection.call(call).catch((error: unknown) => String(error)));
}
await connection.close();

/** An operator writes it into the manifest; here the server says it. */
async function issuerOf(server: string): Promise<string> {
  const { origin, pathname } = new URL(server);
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  return ((await metadata.json()) as { authorization_servers: readonly string[] }).authorization_servers[0] ?? "";
}

/** Something of each member's type. */
function inputOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, { readonly type?: string }>>;
  return Object.fromEntries(
    Object.entries(properties).map(([key, { type }]) => [
      key,
      type === "string" ? "text" : type === "boolean" ? true : 5,
    ]),
  );
}
