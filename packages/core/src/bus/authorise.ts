import { type Message, PlatformError } from "@agentcore/contract";
import type { AgentRecord } from "../registry/index.ts";
import type { Interceptor } from "./bus-call.ts";
import type { Caller } from "./message-draft.ts";

/** Who may send what to whom. It is only asked within a tenant: crossing one is refused whatever it says (I7). */
export interface Authoriser {
  /** Why the message is refused, in words; undefined lets it pass. */
  authorise(caller: Caller, message: Message): string | undefined | Promise<string | undefined>;
  /** Why the caller may not use this agent; candidates refused are filtered out with that reason. */
  refuse?(caller: Caller, record: AgentRecord): string | undefined;
}

export const sameTenantAuthoriser: Authoriser = { authorise: () => undefined };

export const authorise = (authoriser: Authoriser): Interceptor => ({
  name: "authorise",
  intercept(call, next) {
    const { message } = call;
    const caller = call.caller as Caller;
    if (caller.tenantId !== message.tenantId) {
      // Says nothing about the other tenant, not even whether it exists.
      throw new PlatformError("PERMISSION_DENIED", `${caller.caller} may not send messages to another tenant`);
    }
    const verdict = authoriser.authorise(caller, message);
    if (verdict === undefined) return next(call);
    if (typeof verdict === "string") throw denied(caller, message, verdict);
    const goOn = async (): Promise<unknown> => {
      const refused = await verdict;
      if (refused !== undefined) throw denied(caller, message, refused);
      return next(call);
    };
    return goOn();
  },
});

const denied = (caller: Caller, message: Message, reason: string): PlatformError =>
  new PlatformError(
    "PERMISSION_DENIED",
    `${caller.caller} may not send this ${message.type} to ${message.target}: ${reason}`,
  );
