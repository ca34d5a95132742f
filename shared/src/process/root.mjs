// Plain JavaScript, because the bootstrap uses it before anything is installed.
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const ROOT = path.resolve(fileURLToPath(new URL("../../..", import.meta.url)));
