/** How often tools were called in a task, over all its logs: for limits. */
export class ToolUse {
  private readonly counts: Map<string, number>;

  constructor(before: Readonly<Record<string, number>> = {}) {
    this.counts = new Map(Object.entries(before));
  }

  note(tool: string): void {
    this.counts.set(tool, this.of(tool) + 1);
  }

  of(tool: string): number {
    return this.counts.get(tool) ?? 0;
  }

  /** What a fresh log has to know. */
  get carried(): { readonly toolCalls?: Record<string, number> } {
    return this.counts.size === 0 ? {} : { toolCalls: Object.fromEntries(this.counts) };
  }
}
