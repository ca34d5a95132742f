import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** 0: random ones. */
    simulationSeed: number;
  }
}
