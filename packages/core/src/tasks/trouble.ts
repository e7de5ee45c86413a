import type { PlatformError } from "@agentcore/contract";
import type { Logger } from "../ports/index.ts";

/**
 * Something that fails again and again until it does not: logged when it begins, when its reason changes and when it is over,
 * instead of at each try.
 */
export class Trouble {
  private readonly logger: Logger;
  private readonly what: string;
  private error: PlatformError | null = null;

  /** `what` does not work, in words that go before the reason: "cannot renew the lease". */
  constructor(logger: Logger, what: string) {
    this.logger = logger;
    this.what = what;
  }

  /** Why it does not work now, or null. */
  get current(): PlatformError | null {
    return this.error;
  }

  begin(error: PlatformError): void {
    const { code, message } = error;
    const isKnown = this.error?.code === code && this.error.message === message;
    this.error = error;
    if (!isKnown) this.logger.log("error", `${this.what}: ${message}`, { code });
  }

  end(): void {
    if (this.error === null) return;
    this.error = null;
    this.logger.log("warn", `${this.what}: this is over`);
  }
}
