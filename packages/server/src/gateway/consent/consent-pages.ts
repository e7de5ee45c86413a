/** What people see who are asked for consent. */
import type { PlatformError } from "@agentcore/contract";
import type { ConsentView } from "../deps/consent-door.ts";
import { errorHeaders } from "../http/error-headers.ts";
import { type Html, html } from "../pages/html.ts";
import { renderPage } from "../pages/render-page.ts";

export const renderQuestion = (view: ConsentView): Response => {
  const { caller, server, manifest, tenantId, task, scopes } = view;
  const row = (name: string, value: string | Html): Html => html`<tr><th>${name}</th><td>${value}</td></tr>\n`;
  return renderPage(
    "Consent",
    html`<h1>May AgentCore work for you at ${server}?</h1>
<table>
${[
  row("Who is asked", html`<strong>${caller}</strong> of the tenant ${tenantId}`),
  row("Who asks", task === undefined ? "a call by hand" : `agent ${task.agent}, in task ${task.taskId}`),
  row("For", `the tools "${manifest}"`),
  row("Rights", scopes.length === 0 ? "what that server asks for" : scopes.join(", ")),
]}</table>
<p>You are sent to where ${server} has its users say yes or no, and back. What you grant is kept as that of <strong>${caller}</strong>, for all agents of the tenant
that have these tools and work for <strong>${caller}</strong>, until it is taken back: <code>agentcore tools revoke ${manifest}</code>.</p>
<p><strong>Go on only if you are ${caller}, or began this yourself.</strong> If somebody sent you this link, close the page.</p>
<form method="post"><button type="submit">Go on to ${server}</button></form>`,
    // With none a browser would not say that it is from this page that it goes on.
    { hasForm: true, headers: { "referrer-policy": "same-origin" } },
  );
};

export const renderGiven = ({ caller, server, task }: ConsentView): Response =>
  renderPage(
    "Consent",
    html`<h1>Thank you</h1>
<p>The consent of <strong>${caller}</strong> at ${server} is kept. ${
      task === undefined ? "Call the tool once more." : html`Task <code>${task.taskId}</code> goes on.`
    } You may close this page.</p>`,
  );

export const renderConsentError = (error: PlatformError): Response =>
  renderPage(
    "Consent",
    html`<h1>No consent was kept</h1>
<p>${error.message}</p>
<p>A task that waits for it goes on waiting; its link is in <code>agentcore inbox</code>, and <code>agentcore authorize TASK_ID --deny "why"</code> refuses it.</p>`,
    { status: error.status, headers: errorHeaders(error) },
  );
