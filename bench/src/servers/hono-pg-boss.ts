/** Hono on Node with pg-boss on PostgreSQL, which syncs each commit to disk (`fsync`, `synchronous_commit`: its defaults). */
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PgBoss } from "pg-boss";
import { serveHono } from "./hono-app.ts";
import { leaveOut } from "./serve.ts";
import { freePort, makeFolder, startService } from "./service.ts";

const QUEUE = "deliveries";

/** Debian keeps PostgreSQL's programs out of the PATH. */
function findPrograms(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => path.join(debian, version, "bin")),
    ...(process.env.PATH ?? "").split(":"),
  ];
  return (
    folders.find((folder) => ["initdb", "postgres"].every((name) => existsSync(path.join(folder, name)))) ??
    leaveOut("PostgreSQL is not installed (Debian: apt-get install postgresql)")
  );
}

/** PostgreSQL refuses to run as root. */
function findUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  const user = { uid: id("-u"), gid: id("-g") };
  return user.uid > 0 ? user : leaveOut("PostgreSQL does not run as root, and there is no user postgres");
}

const programs = findPrograms();
const user = findUser();
const folder = makeFolder("postgres");
if (user !== undefined) chownSync(folder, user.uid, user.gid);
const data = path.join(folder, "data");
const initdb = ["-D", data, "-U", "bench", "--auth=trust", "--no-locale", "--encoding=UTF8"];
const made = spawnSync(path.join(programs, "initdb"), initdb, { ...user, cwd: folder, encoding: "utf8" });
if (made.status !== 0) leaveOut(`initdb failed: ${made.stderr.trim().slice(-200)}`);

const port = await freePort();
const settings = [
  "-D",
  data,
  "-p",
  `${port}`,
  "-c",
  "listen_addresses=127.0.0.1",
  "-c",
  `unix_socket_directories=${folder}`,
];
startService(path.join(programs, "postgres"), settings, folder, { ...user });

const boss = new PgBoss({ host: "127.0.0.1", port, user: "bench", database: "postgres", max: 16 });
boss.on("error", () => {});
for (let attempt = 0; ; attempt++) {
  try {
    await boss.start();
    break;
  } catch (error) {
    if (attempt === 50) leaveOut(`PostgreSQL did not start: ${error instanceof Error ? error.message : ""}`);
    await delay(200);
  }
}
await boss.createQueue(QUEUE);
serveHono((job) => boss.send(QUEUE, job));
