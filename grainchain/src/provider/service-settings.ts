/** How a service is reached. Each name is a variable of the environment, of Grainchain's library or of the SDK. */
export type ServiceSettings = {
  apiKey: string;
  /** E2B's. */
  template?: string | undefined;
  sandboxUrl?: string | undefined;
  domain?: string | undefined;
  /** Daytona's region. */
  target?: string | undefined;
  apiUrl?: string | undefined;
};
