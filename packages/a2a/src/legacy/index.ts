export { callLegacy, type LegacyFrame, type LegacyStream, parseLegacyParams, streamLegacy } from "./call.ts";
export { toLegacyTask } from "./legacy-task.ts";
export { isLegacyMethod, LEGACY_METHODS, type LegacyMethod } from "./methods.ts";
export { callLegacyRest, parseRestParams, streamLegacyRest } from "./rest-json.ts";
