import type { BusCall, Interceptor, Next } from "./bus-call.ts";

/** The stages as one function, made once: a call costs no allocation for the chain itself. The last stage must not go on. */
export const compose = (stages: readonly Interceptor[]): Next =>
  stages.reduceRight<Next>((next, stage) => (call: BusCall) => stage.intercept(call, next), endOfChain);

const endOfChain: Next = () => {
  throw new TypeError("the chain has no stage that delivers");
};
