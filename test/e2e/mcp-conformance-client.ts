/** Our client as the protocol's conformance package starts it: `conformance-client.ts URL`, the scenario in the environment. */
import { PlatformError } from "@agentcore/contract";
import {
  beginConsent,
  type Connection,
  type ConsentKeeper,
  type ConsentTerms,
  finishConsent,
  type KeptConsent,
  openConnection,
  type RegisteredClient,
  type ServerAnswers,
  type ServerQuestion,
  WantsConsent,
} from "@agentcore/mcp/client";

const url = process.argv.at(-1) ?? "";
const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as Readonly<Record<string, unknown>> & {
  readonly client_id?: string;
  readonly client_secret?: string;
};

const signal = AbortSignal.timeout(20_000);
const asksPeople = scenario.startsWith("auth/") && !scenario.startsWith("auth/client-credentials");

const auth = scenario.startsWith("auth/client-credentials")
  ? {
      oauth2: {
        clientId: context.client_id ?? "",
        clientSecretEnv: "CLIENT_SECRET",
        issuer: await issuerOf(url),
      },
    }
  : asksPeople
    ? { authorizationCode: {} }
    : undefined;

let kept: KeptConsent | null = null;
const clients = new Map<string, RegisteredClient>();
const keeper: ConsentKeeper = {
  kept: async () => kept,
  async renew(_before, renewing) {
    kept = await renewing();
  },
  client: async (issuer) => clients.get(issuer) ?? null,
  async keepClient(issuer, client) {
    if (client === null) clients.delete(issuer);
    else clients.set(issuer, client);
  },
};
const terms: ConsentTerms = {
  ...{ what: "the server", url, redirectUrl: "http://127.0.0.1:4700/oauth/callback", fetch },
  client: context.client_id === undefined ? null : { id: context.client_id, secret: context.client_secret },
  ...(scenario === "auth/basic-cimd"
    ? { clientMetadataUrl: "https://conformance-test.local/client-metadata.json" }
    : {}),
};

/** A person who says yes to all that they are asked. */
const consent = async ({ wanted }: WantsConsent): Promise<void> => {
  const state = crypto.randomUUID();
  const begun = await beginConsent(terms, keeper, { state, wanted, isAnew: false });
  const answer = await fetch(begun.authorizationUrl, { redirect: "manual", signal });
  const back = new URL(answer.headers.get("location") ?? "").searchParams;
  if (back.get("state") !== state) throw new Error("the state is another");
  const iss = back.get("iss") ?? undefined;
  kept = await finishConsent(terms, begun, { code: back.get("code") ?? "", iss });
};

// As often as a task would ask.
const MAX_ASKED = 3;
const consenting = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let times = 0; ; times++)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WantsConsent) || times === MAX_ASKED) throw error;
      await consent(error);
    }
};

const connect = (): Promise<Connection> =>
  openConnection(
    {
      ...{
        what: "the server",
        spec: { http: { url, ...(auth === undefined ? {} : { auth }) } },
        version: "1",
        path: undefined,
      },
      policy: { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "" },
      read: () => context.client_secret ?? "",
      ...(asksPeople ? { consent: { terms, keeper } } : {}),
      onChanged: () => undefined,
    },
    signal,
  );

const connection = await consenting(connect);
const tools = await consenting(() => connection.list(signal));
const asked = context["toolCalls"] as
  | readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[]
  | undefined;
const calls = asked ?? tools.map(({ name, inputJsonSchema }) => ({ name, arguments: inputOf(inputJsonSchema) }));
for (const { name, arguments: input } of calls) {
  const call = { tool: name, input, idempotencyKey: "conformance", mayRepeat: false, signal };
  const calling = (answers?: ServerAnswers): Promise<unknown> =>
    consenting(() => connection.call(answers === undefined ? call : { ...call, answers })).catch((error: unknown) => {
      const question = questionIn(error);
      return question === null || answers !== undefined ? String(error) : calling(saidYes(question));
    });
  console.log(name, await calling());
}
await connection.close();

function questionIn(error: unknown): ServerQuestion | null {
  if (!PlatformError.is(error) || error.code !== "INPUT_REQUIRED") return null;
  return (error.details?.["question"] as ServerQuestion | undefined) ?? null;
}

function saidYes({ forms, state }: ServerQuestion): ServerAnswers {
  const replies = forms.map(({ id, form }) => [id, { action: "accept", content: inputOf(form) }] as const);
  return { replies: Object.fromEntries(replies), ...(state === undefined ? {} : { state }) };
}

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
