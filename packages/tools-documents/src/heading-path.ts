const MAX_HEADING = 200;

/** Headings as they come, each with those above it. */
export class HeadingPath {
  private readonly above: { readonly level: number; readonly text: string }[] = [];

  enter(level: number, text: string): string {
    while ((this.above.at(-1)?.level ?? 0) >= level) this.above.pop();
    this.above.push({ level, text: text.trim().slice(0, MAX_HEADING) });
    return this.above.map((one) => one.text).join(" > ");
  }
}
