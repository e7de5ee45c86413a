export { ManualClock } from "./manual-clock.ts";
export { createFnvDigest, createRecordingLogger, createSequentialIds, type LogRecord } from "./test-senses.ts";
