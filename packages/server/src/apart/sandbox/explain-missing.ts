import { PlatformError } from "@agentcore/contract";

const MISSING = /Cannot find (package|module) '([^']+)'/;

/** Why code does not load here that loads in the node: that is most often a package which its package.json does not name. */
export const explainMissing = (error: unknown): unknown => {
  if (!PlatformError.is(error)) return error;
  const name = MISSING.exec(error.message)?.[2];
  if (name === undefined || /^[./]/.test(name)) return error;
  const nextStep = `A sandbox has the packages that the package.json of the code names: add ${JSON.stringify(name)} to its dependencies.`;
  return new PlatformError(error.code, `${error.message}. ${nextStep}`, {
    ...{ cause: error, violations: error.violations },
    details: { ...error.details, nextStep },
  });
};
