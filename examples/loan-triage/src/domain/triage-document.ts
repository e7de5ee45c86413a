import { type ApplicationFields, type Extraction, factsOf } from "./application.ts";
import { type ComplianceReport, checkCompliance } from "./compliance.ts";
import { type Decision, decide } from "./decision.ts";
import { extractApplication } from "./extraction/extract-application.ts";
import { assessRisk, type RiskAssessment } from "./risk.ts";
import type { ScreeningOutcome, ScreeningRequest } from "./screening.ts";

export interface TriageOptions {
  /** ISO date of arrival. */
  readonly receivedOn: string;
  /** Not called when no name was found. */
  readonly screen: (request: ScreeningRequest) => Promise<ScreeningOutcome> | ScreeningOutcome;
}

/** The whole triage without agents: what they do between them, for tests and for reading. */
export async function triageDocument(
  bytes: Uint8Array,
  { receivedOn, screen }: TriageOptions,
): Promise<{ extraction: Extraction; risk: RiskAssessment; compliance: ComplianceReport; decision: Decision }> {
  const extraction = await extractApplication(bytes, { receivedOn });
  const request = screeningRequestOf(extraction.application);
  const screening = request && (await screen(request));
  const risk = assessRisk(factsOf(extraction.application));
  const compliance = checkCompliance(extraction.application, screening, { receivedOn });
  return { extraction, risk, compliance, decision: decide({ extraction, risk, compliance }) };
}

/** What to ask the screening service; undefined while the name is missing. */
export function screeningRequestOf({
  fullName,
  dateOfBirth,
  country,
}: ApplicationFields): ScreeningRequest | undefined {
  if (!fullName) return undefined;
  return {
    name: fullName.value,
    ...(dateOfBirth && { dateOfBirth: dateOfBirth.value }),
    ...(country && { country: country.value }),
  };
}
