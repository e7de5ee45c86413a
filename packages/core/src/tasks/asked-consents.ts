/** Servers of tools may want the consent of a person: whoever the task works for is asked for it, and the call that wanted it is made again. */
import { PlatformError } from "@agentcore/contract";
import type { Authorization, Context } from "@agentcore/contract/authoring";
import type { ConsentNeeded, ToolConsents } from "../ports/index.ts";
import { callerOf } from "./declared-tools.ts";
import type { Execution } from "./execution.ts";
import { consentName, consentNeededIn, lookName } from "./unanswered-consents.ts";

type Calls = Pick<Context, "step" | "waitForAuthorization">;

// A server that wants consent again as soon as it has it would have somebody asked for ever.
const MAX_ASKED = 3;
// Of another type than the server takes; expired before it was read.
const OF_NO_USE: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "PERMISSION_DENIED"]);

export class AskedConsents {
  private readonly execution: Execution;
  private readonly calls: () => Calls;
  /** What a person is being asked, by manifest: calls that want the same wait for one answer. */
  private readonly asked = new Map<string, Promise<void>>();

  /** `calls`: by which it asks people, as the code would. */
  constructor(execution: Execution, calls: () => Calls) {
    this.execution = execution;
    this.calls = calls;
  }

  /** Throws PERMISSION_DENIED, with what who refused said. */
  async untilGiven<Result>(call: () => Promise<Result>): Promise<Result> {
    for (let times = 0; ; ) {
      try {
        return await call();
      } catch (error) {
        const consent = PlatformError.is(error) ? consentNeededIn(error) : null;
        if (consent === null || times === MAX_ASKED) throw error;
        if (consent.askAnew === true) continue;
        await this.ask(consent);
        times += 1;
      }
    }
  }

  private ask(consent: ConsentNeeded): Promise<void> {
    const open = this.asked.get(consent.manifest);
    if (open !== undefined) return open;
    const asked = this.askPerson(consent).finally(() => this.asked.delete(consent.manifest));
    this.asked.set(consent.manifest, asked);
    return asked;
  }

  private async askPerson({ manifest, url, scopes }: ConsentNeeded): Promise<void> {
    const { step, waitForAuthorization } = this.calls();
    const { tools } = this.execution.services;
    const of = callerOf(this.execution);
    const notNeeded = new AbortController();
    const asking = waitForAuthorization({
      ...{ name: consentName(manifest), prompt: `The tools "${manifest}" want your consent`, url },
      ...(scopes === undefined ? {} : { scopes: [...scopes] }),
      signal: notNeeded.signal,
    }).catch((error: unknown) => {
      if (notNeeded.signal.aborted) return null;
      throw error;
    });
    // Given by way of another task between the call and the question, it would not be said to this one.
    const looking = step(lookName(manifest), () => consentsOf(tools).given(of, manifest));
    const withdrawing = looking.then(
      (isGiven) => {
        if (isGiven) notNeeded.abort();
      },
      // Whoever is asked answers all the same.
      () => undefined,
    );
    const [access] = await Promise.all([asking, withdrawing]);
    if (access !== null) await this.take(access, manifest);
  }

  /** Somebody may have handed over a token in place of their consent. With one that is of no use they are asked once more: it is no reason for a task to fail. */
  private async take(access: Authorization, manifest: string): Promise<void> {
    const { tools } = this.execution.services;
    const taking = this.calls().step(`take consent to ${manifest}`, async ({ credential }) => {
      const token = await credential(access).catch((error: unknown) => {
        if (PlatformError.is(error) && error.code === "UNSUPPORTED_OPERATION") return null;
        throw error;
      });
      if (token !== null) await consentsOf(tools).keep(callerOf(this.execution), manifest, token, access.expiresAt);
    });
    await taking.catch((error: unknown) => {
      if (!PlatformError.is(error) || !OF_NO_USE.has(error.code)) throw error;
    });
  }
}

/** Where an error tells of consent, there is who told. */
const consentsOf = (tools: { readonly consents?: ToolConsents | undefined } | null): ToolConsents => {
  if (tools?.consents !== undefined) return tools.consents;
  throw new PlatformError("UNSUPPORTED_OPERATION", "nothing here keeps what people consent to");
};
