/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  /** What to type instead. @default the help of the verb */
  readonly nextStep: string | undefined;

  constructor(message: string, { nextStep }: { readonly nextStep?: string } = {}) {
    super(message);
    this.name = "UsageError";
    this.nextStep = nextStep;
  }
}
