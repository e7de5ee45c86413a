/** What one member of a conversation said. */
export interface Turn {
  readonly speaker: string;
  readonly text: string;
  /** Whom it was meant for. @default everybody */
  readonly to?: string;
}
