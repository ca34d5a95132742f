/** What becomes of runs that Grainchain has taken, whatever they say or do not say. All of it with one gateway. */
import "./runs/callbacks.ts";
import "./runs/watchdog.ts";
import "./runs/stops.ts";
import "./runs/limit.ts";
