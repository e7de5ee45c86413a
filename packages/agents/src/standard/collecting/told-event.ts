/** An event as a trigger gives it. */
export interface ToldEvent {
  readonly id: string;
  readonly topic: string;
  /** The agent that told it. */
  readonly source: string;
  readonly payload: unknown;
}

export const isToldEvent = (value: unknown): value is ToldEvent =>
  typeof value === "object" && value !== null && "topic" in value && "source" in value && "payload" in value;
