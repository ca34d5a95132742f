import "vitest";
import type {} from "../../cli/test/github/provided.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** 0: random ones. */
    simulationSeed: number;
  }
}
