/** Calls of models, recorded and replayed. Loads no provider. */
export { createCassetteFolder, openCassetteFolder } from "./cassette-folder.ts";
export { createRecordedModels, type RecordedModelsOptions } from "./create-recorded-models.ts";
export { type OpenRecording, openRecording, type RecordingOptions } from "./open-recording.ts";
export { recording } from "./recording.ts";
export { replaying } from "./replaying.ts";
