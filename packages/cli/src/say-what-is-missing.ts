import type { Restored } from "@agentcore/server";
import type { Output } from "./output.ts";

const SHOWN = 5;

/** The backup is whole; the store that it is of was not. */
export const sayWhatIsMissing = (output: Pick<Output, "say">, missing: Restored["missing"]): void => {
  if (missing === undefined) return;
  const names = missing.first
    .slice(0, SHOWN)
    .map(({ tenantId, namespace, name }) => `${tenantId}: ${namespace}/${name}`);
  const more = missing.count - names.length;
  output.say(
    [
      `When it was taken, the store lacked ${missing.count} of the payloads and the code that its tasks refer to; those tasks will be parked:`,
      ...names.map((name) => `  ${name}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join("\n"),
  );
};
