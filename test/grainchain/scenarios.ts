/** What runs of the double can go through, and what the gateway hears of it. */
import type { Course, Run } from "./run.ts";

/** What a run with this outcome has to say. */
export const resultsOf = (success: boolean, output = "ok") => ({
  success,
  test_results: { overall_success: success, test: { status: success ? "passed" : "failed", output } },
});

/** Runs, tells so, and succeeds. */
export const succeeds: Course = (run) => finish(run, resultsOf(true));

/** Runs and finds that the change is bad. */
export const findsFault: Course = (run) => finish(run, resultsOf(false));

async function finish(run: Run, results: unknown): Promise<void> {
  if (run.move("running")) await run.tell();
  if (run.move("completed", results)) await run.tell();
}

/** Tells everything three times, the start once more at the end. */
export const repeatsItself: Course = async (run) => {
  run.move("running");
  await Promise.all([run.tell(), run.tell(), run.tell()]);
  if (run.move("completed", resultsOf(true))) await Promise.all([run.tell(), run.tell(), run.tell()]);
  await run.tell("running", null);
};

/** Tells the end before the start. */
export const tellsBackwards: Course = async (run) => {
  if (run.move("completed", resultsOf(true))) await run.tell();
  await run.tell("running", null);
  await run.tell("pending", null);
};

/** Finishes, and contradicts itself afterwards. */
export const contradictsItself: Course = async (run) => {
  await succeeds(run);
  await run.tell("failed", { error: "told too late" });
  await run.tell("completed", resultsOf(false));
};

/** Succeeds with results of 200 KB. */
export const succeedsAtLength: Course = (run) => finish(run, resultsOf(true, "x".repeat(200_000)));

/** Starts and finishes without a word: its callbacks are lost. */
export const losesItsVoice: Course = async (run) => {
  run.move("running");
  run.move("completed", resultsOf(true));
};

/** Runs until it is cancelled, then says so. */
export const runsOn: Course = async (run) => {
  run.move("running");
  await run.tell();
  await run.untilCancelled();
  await run.tell();
};

/** Is taken and says nothing until it is cancelled. */
export const saysNothing: Course = (run) => run.untilCancelled();

/** Runs until it is let go, then succeeds. */
export const succeedsAfter =
  (letGo: Promise<void>): Course =>
  async (run) => {
    if (run.move("running")) await run.tell();
    await letGo;
    if (run.move("completed", resultsOf(true))) await run.tell();
  };

/** Says nothing until it is let go, then succeeds. */
export const succeedsSilentlyAfter =
  (letGo: Promise<void>): Course =>
  async (run) => {
    await letGo;
    await succeeds(run);
  };
