/** The command line is wrong: exit code 2. `verb` names whose help to read. */
export class UsageError extends Error {
  readonly verb: string | undefined;

  constructor(message: string, verb?: string) {
    super(message);
    this.name = "UsageError";
    this.verb = verb;
  }
}
