import { agent, RetryableError } from "agentcore";
import { ComplianceRequest } from "../domain/agent-messages.ts";
import { ComplianceReport, checkCompliance } from "../domain/compliance.ts";
import type { ScreeningOutcome, ScreeningRequest } from "../domain/screening.ts";
import { defaultScreeningUrl, ScreeningFailure, screen } from "../domain/screening-client.ts";
import { screeningRequestOf } from "../domain/triage-document.ts";

export const compliance = agent({
  name: "compliance",
  description: "Checks an application against the published rules and asks the sanctions screening service",
  skills: [{ id: "compliance-check", name: "Compliance check", tags: ["loan", "compliance", "sanctions"] }],
  input: ComplianceRequest,
  output: ComplianceReport,
  idempotent: true,
  async run({ input: { application, receivedOn, screeningUrl } }, ctx) {
    const request = screeningRequestOf(application);
    const url = screeningUrl ?? ctx.env["SCREENING_URL"] ?? defaultScreeningUrl;
    // When the last try fails, the error leaves as retryable: the platform gives the command to compliance-backup.
    const screening =
      request &&
      (await ctx.step("screen", ({ signal }) => ask(request, url, signal), {
        retry: { maxAttempts: 3, initialDelayMs: 200 },
        timeoutMs: 5_000,
      }));
    return checkCompliance(application, screening, { receivedOn });
  },
});

async function ask(request: ScreeningRequest, url: string, signal: AbortSignal): Promise<ScreeningOutcome> {
  try {
    return { status: "answered", source: "screening service", answer: await screen(request, { url, signal }) };
  } catch (error) {
    if (!(error instanceof ScreeningFailure)) throw error;
    // The question itself is refused, so nobody else could put it better: a person looks. Any other refusal says that
    // this is not, or no longer, the service that was meant.
    if (error.kind === "rejected" && error.status === 400) return { status: "unavailable", reason: error.message };
    throw new RetryableError(error.message, { code: "UPSTREAM_FAILED", cause: error, details: { kind: error.kind } });
  }
}
