import { RetryableError } from "@agentcore/contract";

/** The server does not know the session any more, and has done nothing: whoever called calls again, by another connection. */
export class ForgottenSession extends RetryableError {}
