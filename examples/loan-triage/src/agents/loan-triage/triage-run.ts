/** What all applications of one run share. */
export interface TriageRun {
  readonly directory: string;
  readonly outDirectory: string;
  readonly receivedOn: string;
  readonly screeningUrl: string | undefined;
}
