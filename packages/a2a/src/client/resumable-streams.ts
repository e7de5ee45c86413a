/**
 * The extension by which a stream goes on where it was cut: `metadata[URI].seq` numbers each event, and `Last-Event-ID: N` on
 * SubscribeToTask asks for what comes after event N.
 */
export const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";
