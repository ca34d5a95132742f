/** Where steps can run, by the names of Grainchain's library. */
export const PROVIDERS = ["local", "e2b", "daytona"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** Those that are services. */
export type ServiceName = Exclude<ProviderName, "local">;
