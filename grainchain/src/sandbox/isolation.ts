/** Isolation of steps by bubblewrap (https://github.com/containers/bubblewrap). */
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import type { ProcessSpec } from "./process.ts";

/** What a step may do beyond its checkout. */
export type IsolationSpec = {
  /** The sandbox's directory with `checkout`, `home` and `tmp`. */
  root: string;
  network: boolean;
};

/** How steps are kept from everything that is not theirs. */
export type Isolation = {
  kind: "bubblewrap" | "none";
  /** The command line, the working directory and the environment of a shell script. */
  wrap(script: string, spec: IsolationSpec): Wrapped;
};

type Wrapped = Pick<ProcessSpec, "command" | "args" | "cwd" | "isSupervised"> & {
  /** Paths as the script sees them. */
  home: string;
  tmp: string;
};

/** Where the sandbox is inside of itself: a step learns nothing of this machine's folders. */
const INSIDE = "/sandbox";

/** Programs and libraries. Nothing else of the root is there: no home, no `/root`, no `/var`, no `/run`. */
const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store"];

/** What programs read to find users, hosts, certificates, libraries and the time. No key, no password. */
const ETC = [
  ...["alternatives", "ca-certificates", "crypto-policies", "group", "host.conf", "hosts", "java"],
  ...["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "passwd"],
  ...["pki", "protocols", "python3", "resolv.conf", "services", "ssl", "terminfo", "timezone"],
];

/** Shared memory, as much as Docker gives (https://docs.docker.com/reference/cli/docker/container/run/). */
const SHARED_MEMORY_BYTES = 64 * 1024 ** 2;

/** Steps run as the user who started Grainchain. */
export const NO_ISOLATION: Isolation = {
  kind: "none",
  wrap: (script, { root }) => ({
    command: "sh",
    args: ["-c", script],
    cwd: join(root, "checkout"),
    home: join(root, "home"),
    tmp: join(root, "tmp"),
  }),
};

/**
 * Steps have namespaces of their own for users, processes, IPC, host names, mounts and (unless they may use it) the
 * network, no capabilities, and a read-only root of programs. When the first process of a step ends, the kernel kills
 * all others of it, whatever sessions they made.
 * @param path the PATH of the steps: its directories are visible
 */
export function bubblewrap(path: string): Isolation {
  const programs = programDirectories(path);
  return {
    kind: "bubblewrap",
    wrap: (script, { root, network }) => ({
      command: "bwrap",
      args: [
        ...["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
        ...(network ? [] : ["--unshare-net"]),
        ...[
          "--die-with-parent",
          "--cap-drop",
          "ALL",
          "--uid",
          "1000",
          "--gid",
          "1000",
          "--hostname",
          "sandbox",
        ],
        ...[...SYSTEM, ...ETC.map((name) => `/etc/${name}`)].flatMap(readOnly),
        ...["--proc", "/proc", "--dev", "/dev", "--size", String(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"],
        ...["--remount-ro", "/dev", "--bind", join(root, "tmp"), "/tmp"],
        ...programs.flatMap(readOnly),
        ...["checkout", "home"].flatMap((name) => ["--bind", join(root, name), `${INSIDE}/${name}`]),
        ...["--remount-ro", "/", "--chdir", `${INSIDE}/checkout`, "--", "sh", "-c", script],
      ],
      cwd: root,
      isSupervised: true,
      home: `${INSIDE}/home`,
      tmp: "/tmp",
    }),
  };
}

const readOnly = (path: string): string[] => ["--ro-bind-try", path, path];

/** Directories of PATH outside the system's, and those of the npm that is found there, which is linked into `bin`. */
function programDirectories(path: string): string[] {
  const isOfSystem = (directory: string) => SYSTEM.some((one) => `${directory}/`.startsWith(`${one}/`));
  const directories = path
    .split(delimiter)
    .filter((directory) => directory.startsWith("/") && existsSync(directory))
    .map((directory) => resolve(directory));
  const npms = directories
    .map((directory) => join(directory, "npm"))
    .filter((file) => existsSync(file))
    .map((file) => dirname(dirname(realpathSync(file))));
  return [...new Set([...directories, ...npms])].filter(
    (directory) => directory !== "/" && !isOfSystem(directory) && !isAboveHome(directory),
  );
}

/** A home that is on PATH, or holds what is, stays out. */
const isAboveHome = (directory: string): boolean =>
  `${resolve(process.env.HOME ?? "/root")}/`.startsWith(`${directory}/`);
