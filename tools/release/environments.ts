/** `npm run environments`: writes the environments of `environments.toml` to both configuration files. */
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { readText, SOURCE, writeEnvironments } from "../../cli/src/project/environments.ts";

const written = writeEnvironments(ROOT, readText(ROOT, SOURCE));
console.log(written.length === 0 ? "nothing to do" : `wrote ${written.join(", ")}`);
