/** What a run of the double goes through, and which callbacks the gateway gets. */
import type { Run, Scenario } from "./run.ts";

/** The results of a run with this outcome. */
export const resultsOf = (success: boolean, output = "ok") => ({
  success,
  test_results: { overall_success: success, test: { status: success ? "passed" : "failed", output } },
});

/** Runs, calls back, and succeeds. */
export const succeeds: Scenario = (run) => finish(run, resultsOf(true));

/** Runs and finds that the change is bad. */
export const failsTests: Scenario = (run) => finish(run, resultsOf(false));

/** Succeeds with results of 200 KB. */
export const succeedsWithLongOutput: Scenario = (run) => finish(run, resultsOf(true, "x".repeat(200_000)));

async function finish(run: Run, results: unknown): Promise<void> {
  if (run.move("running")) await run.callBack();
  if (run.move("completed", results)) await run.callBack();
}

/** Sends every callback three times, and the first one once more at the end. */
export const repeatsCallbacks: Scenario = async (run) => {
  const callBackThreeTimes = () => Promise.all([run.callBack(), run.callBack(), run.callBack()]);
  run.move("running");
  await callBackThreeTimes();
  if (run.move("completed", resultsOf(true))) await callBackThreeTimes();
  await run.callBack("running", null);
};

/** Sends the callback for the end before the one for the start. */
export const callsBackInReverse: Scenario = async (run) => {
  if (run.move("completed", resultsOf(true))) await run.callBack();
  await run.callBack("running", null);
  await run.callBack("pending", null);
};

/** Finishes, then sends callbacks with other outcomes. */
export const contradictsItself: Scenario = async (run) => {
  await succeeds(run);
  await run.callBack("failed", { error: "sent too late" });
  await run.callBack("completed", resultsOf(false));
};

/** Starts and finishes, and all of its callbacks are lost. */
export const losesCallbacks: Scenario = async (run) => {
  run.move("running");
  run.move("completed", resultsOf(true));
};

/** Runs until it is cancelled, then calls back. */
export const runsUntilCancelled: Scenario = async (run) => {
  run.move("running");
  await run.callBack();
  await run.untilCancelled();
  await run.callBack();
};

/** Is accepted and sends nothing until it is cancelled. */
export const staysSilent: Scenario = (run) => run.untilCancelled();

/** Runs until it is released, then succeeds. */
export const succeedsAfter =
  (released: Promise<void>, output?: string): Scenario =>
  async (run) => {
    if (run.move("running")) await run.callBack();
    await released;
    if (run.move("completed", resultsOf(true, output))) await run.callBack();
  };

/** Sends nothing until it is released, then succeeds. */
export const succeedsSilentlyAfter =
  (released: Promise<void>): Scenario =>
  async (run) => {
    await released;
    await succeeds(run);
  };
