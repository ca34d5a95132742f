/** The `gateway` command, as a process. */
import { runProgram } from "./program.ts";

// Whoever reads the results may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runProgram(process.argv.slice(2));
