/** What a sandbox service must be able to do. Each service's SDK is put behind it. */

/** Names a sandbox at its service, and whose it is. */
export type Labels = Readonly<Record<string, string>>;

export type CreateOptions = {
  labels: Labels;
  /** The service ends the sandbox after this time by itself, whatever happens here. */
  lifetimeMs: number;
  /** Whether anything in it may use the network. */
  network: boolean;
};

export type CommandOptions = {
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
};

export type CommandResult = { exitCode: number; output: string };

export type RemoteSandbox = {
  /** Puts a file of this machine into the sandbox. */
  putFile(localPath: string, remotePath: string, timeoutMs: number): Promise<void>;
  /** Runs a command of a few plain words. A failing command is a result, not an error. */
  run(command: string, options: CommandOptions): Promise<CommandResult>;
  /** Ends the sandbox; one that is gone is ended. */
  close(): Promise<void>;
};

/** A sandbox at the service, created by this server or another one. */
export type ListedSandbox = { labels: Labels; close(): Promise<void> };

/** Every function throws whatever the SDK throws. */
export type RemoteClient = {
  create(options: CreateOptions): Promise<RemoteSandbox>;
  /** The sandboxes that have all of these labels. */
  list(labels: Labels): Promise<ListedSandbox[]>;
};
