/** What each kind of payload is sealed for, and what is refused because it is not sealed. */
import { PlatformError } from "@agentcore/contract";
import type { PayloadCodec, SealScope } from "../ports/index.ts";

export const taskSubject = (taskId: string): string => `task/${taskId}`;
export const OUTBOX_SUBJECT = "outbox";

/** Of the name of a blob that stands in the place of a payload: a sealed value must not pass for one. */
export const referenceScope = ({ tenantId, subject }: SealScope): SealScope => ({
  tenantId,
  subject: `reference/${subject}`,
});

/** Whoever can write to the store can write what is plain. Throws PAYLOAD_UNREADABLE. */
export const assertPlainAllowed = (codec: PayloadCodec): void => {
  if (codec.sealedOnly)
    throw new PlatformError(
      "PAYLOAD_UNREADABLE",
      "it is not sealed, and the encryption keys say sealed-only: it was written without a key, or by another hand",
    );
};
