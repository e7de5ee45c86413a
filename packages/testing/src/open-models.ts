import { PlatformError } from "@agentcore/contract";
import type { ModelProvider } from "@agentcore/core/ports";
import { createScriptedModel, type ModelScript } from "./scripted-model.ts";
import { TENANT } from "./test-process.ts";

/** Models of a process that starts when so many answers are in the log already; null: there are none. */
export type TestModels = (answered: number) => Promise<ModelProvider | null>;

interface ModelOptions {
  readonly model?: ModelScript;
  readonly record?: string;
  readonly replay?: string;
}

/** Throws INVALID_ARGUMENT when more than one is given. */
export const openModels = ({ model, record, replay }: ModelOptions): TestModels => {
  if ([model, record, replay].filter((given) => given !== undefined).length > 1)
    throw new PlatformError("INVALID_ARGUMENT", "testAgent: expected one of model, record and replay");
  if (model !== undefined) return (answered) => Promise.resolve(createScriptedModel(model, answered));
  const mode = record === undefined ? "replay" : "record";
  const directory = record ?? replay;
  if (directory === undefined) return () => Promise.resolve(null);
  // One for all lives of a test: after a crash a replay goes on where it was.
  let opened: Promise<ModelProvider> | undefined;
  return () => {
    opened ??= import("@agentcore/models/cassettes").then(({ createRecordedModels }) =>
      createRecordedModels({ mode, directory, tenantId: TENANT }),
    );
    return opened;
  };
};
