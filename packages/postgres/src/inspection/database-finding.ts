/** What was found about one thing and, where something is amiss, the next step. */
export interface DatabaseFinding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  readonly nextStep?: string;
}
