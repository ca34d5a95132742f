/** The `gateway` command, as a process. */
import { runProgram } from "./program.ts";

// The reader of the results may have closed the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runProgram(process.argv.slice(2));
