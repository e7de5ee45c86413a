/** A thread that does what a request says. */
import { PlatformError } from "@agentcore/contract/errors";
import { serveCalls } from "../src/bounded/index.ts";

const kept: Uint8Array[] = [];
let counted = 0;

serveCalls(async (value) => {
  switch (value) {
    case "loop":
      for (;;);
    case "buffers":
      for (;;) {
        kept.push(new Uint8Array(1024 * 1024).fill(1));
        const begin = performance.now();
        while (performance.now() - begin < 1);
      }
    case "heap": {
      const list: string[][] = [];
      for (;;) list.push(Array.from({ length: 1000 }, (_, index) => `text ${index}`));
    }
    case "refuse":
      throw new PlatformError("NOT_FOUND", "no such page");
    case "break":
      throw new TypeError("x is not a function");
    case "exit":
      return process.exit(3);
    case "count":
      return ++counted;
    case "process":
      return process.pid;
    case "environment":
      return Object.keys(process.env).length;
    default:
      console.log("nobody sees this");
      return { got: value };
  }
});
