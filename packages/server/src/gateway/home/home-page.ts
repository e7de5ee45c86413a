/** What a person sees who opens the node's address: plain HTML without scripts or anything from elsewhere. */
import type { PlatformError } from "@agentcore/contract";
import { errorHeaders } from "../http/error-headers.ts";
import { type Html, html } from "../pages/html.ts";
import { renderPage } from "../pages/render-page.ts";

export interface HomeResource {
  readonly name: "AgentCore";
  readonly version: string;
  readonly tenant: string;
  readonly caller: string;
  readonly role: "operator" | "caller";
  /** Of those this caller may see. */
  readonly tasks: { readonly running: number; readonly waiting: number };
  readonly agents: readonly {
    readonly name: string;
    readonly description: string;
    readonly state: string;
    readonly card: string;
  }[];
  readonly links: Readonly<Record<string, string>>;
}

// What is shown depends on who asks, and for what.
const BY_CALLER = { vary: "accept, authorization, x-api-key" } as const;

/** Scripts and tools ask for JSON by name; a browser does not. */
export const wantsJson = (request: Request): boolean => {
  const accept = request.headers.get("accept")?.toLowerCase() ?? "";
  return accept.includes("application/json") && !accept.includes("text/html");
};

export const renderHome = ({ version, tenant, caller, role, tasks, agents, links }: HomeResource): Response =>
  renderPage(
    `AgentCore ${version}`,
    html`<h1>AgentCore ${version}</h1>
<p>This node runs AI agents that speak <a href="https://a2a-protocol.org">A2A</a>. You are ${role} <strong>${caller}</strong> of the tenant <strong>${tenant}</strong>.</p>
<p>Tasks: ${tasks.running} running, ${tasks.waiting} waiting for somebody.</p>
<h2>Agents</h2>
${agents.length === 0 ? html`<p>None yet: <code>agentcore apply FOLDER</code>.</p>` : agentTable(agents)}
<h2>From a terminal</h2>
<table>
<tr><td><code>agentcore run ${agents[0]?.name ?? "AGENT"} --input '{…}'</code></td><td>give work and wait for the result</td></tr>
<tr><td><code>agentcore watch TASK_ID</code></td><td>follow a task as it goes</td></tr>
<tr><td><code>agentcore get tasks</code></td><td>what runs, waits and has ended</td></tr>
<tr><td><code>agentcore trace TASK_ID</code></td><td>see why it did what it did</td></tr>
<tr><td><code>agentcore --help</code></td><td>everything else</td></tr>
</table>
<h2>For programs</h2>
<ul>
${Object.entries(links).map(([name, path]) => html`<li><a href="${path}">${path}</a> ${name}</li>\n`)}</ul>`,
    { headers: BY_CALLER },
  );

const agentTable = (agents: HomeResource["agents"]): Html => html`<table>
<tr><th>Name</th><th>What it does</th><th>State</th><th></th></tr>
${agents.map(
  ({ name, description, state, card }) =>
    html`<tr><td>${name}</td><td>${description}</td><td>${state}</td><td><a href="${card}">card</a></td></tr>\n`,
)}</table>`;

/** A person without a key, or with one that may not. */
export const renderRefusal = (error: PlatformError): Response =>
  renderPage(
    "AgentCore",
    html`<h1>AgentCore</h1>
<p>${error.message}</p>
${
  error.code === "UNAUTHENTICATED"
    ? html`<p>This node asks for an API key with every request. From a terminal:</p>
<p><code>curl -H "Authorization: Bearer $KEY" -H "Accept: application/json" THIS_ADDRESS</code></p>
<p><code>agentcore get agents --url THIS_ADDRESS</code> with the key in <code>AGENTCORE_API_KEY</code></p>
<p>Keys are given by whoever runs the node. Without one there are <a href="./healthz">its health</a> and <a href="./openapi.json">the description of its API</a>.</p>`
    : html``
}`,
    { status: error.status, headers: { ...errorHeaders(error), ...BY_CALLER } },
  );
