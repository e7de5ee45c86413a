import { resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { usdOf } from "@agentcore/core/governance";
import type { ModelProvider } from "@agentcore/core/ports";
import { createTargetCaller } from "../call/create-target-caller.ts";
import type { Environment } from "../environment.ts";
import { targetsOf } from "../names/targets-of.ts";
import { costNanoUsd } from "../prices/cost-nano-usd.ts";
import { priceOf } from "../prices/price-of.ts";
import { PRICE_TABLE } from "../prices/price-table.ts";
import { openRecording, type RecordingOptions } from "./open-recording.ts";

export interface RecordedModelsOptions {
  readonly mode: RecordingOptions["mode"];
  /** From the working directory, unless absolute. */
  readonly directory: string;
  readonly tenantId: string;
  /** @default the process's own */
  readonly env?: Environment | undefined;
}

/**
 * Models by the names `provider/model`, without manifests, budgets and limits: of `record` those that the environment has keys for, of `replay` what was
 * recorded of them. Throws CONFIG_INVALID when there is nothing to replay from.
 */
export const createRecordedModels = async ({
  tenantId,
  env = process.env,
  mode,
  directory,
}: RecordedModelsOptions): Promise<ModelProvider> => {
  const recording = await openRecording({ mode, directory: resolve(directory) }, tenantId, env);
  const caller = recording.wrapCall(createTargetCaller({ env }), tenantId);
  return {
    grant: () => Promise.reject(new PlatformError("UNSUPPORTED_OPERATION", "recorded models have no budgets")),
    async generate({ model, ...request }, { signal, onText }) {
      const [target] = targetsOf(model, null, recording.env);
      if (target === undefined) throw new PlatformError("MODEL_NOT_CONFIGURED", `there is no model "${model}"`);
      let isBegun = false;
      const listen = (text: string): void => {
        onText?.(text, !isBegun);
        isBegun = true;
      };
      const { response } = await caller.call(target, request, { signal, onText: onText && listen });
      const price = priceOf(target, PRICE_TABLE);
      const cost = price === undefined ? {} : { costUsd: usdOf(costNanoUsd(response.usage, price)) };
      return { response: { ...response, ...cost } };
    },
  };
};
