/** Why a question is refused. */
export interface Problem {
  readonly problem: "notUnderstood" | "ambiguous" | "notInTheData";
  readonly because: string;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "problem" in value;
}

export function ambiguous(because: string): Problem {
  return { problem: "ambiguous", because };
}

export function notInTheData(because: string): Problem {
  return { problem: "notInTheData", because };
}
