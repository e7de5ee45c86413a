import { hash } from "node:crypto";
import { RESULT_BYTES } from "../steps.ts";

const MADE: string[] = [];

/** 1 KB of text that differs from step to step and does not compress, made before it is needed. */
export const resultOf = (step: number): string => {
  MADE[step] ??= Array.from({ length: 12 }, (_, part) => hash("sha512", `${step}.${part}`, "base64"))
    .join("")
    .slice(0, RESULT_BYTES);
  return MADE[step];
};
