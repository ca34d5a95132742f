import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";

const FOLDERS = ["cli", "consumer", "grainchain", "producer", "shared", "tools"];
const FILES = ["package.json", "pnpm-lock.yaml", "wrangler.producer.toml", "wrangler.consumer.toml"];

/** Creates another checkout of what `npm start` runs, with the packages of this one. */
export function copyCheckout(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const name of [...FOLDERS, ...FILES]) {
    cpSync(path.join(ROOT, name), path.join(dir, name), {
      recursive: true,
      filter: (source) => !["node_modules", ".wrangler"].includes(path.basename(source)),
    });
  }
  for (const folder of [".", ...FOLDERS]) {
    const packages = path.join(ROOT, folder, "node_modules");
    if (existsSync(packages)) symlinkSync(packages, path.join(dir, folder, "node_modules"));
  }
}
