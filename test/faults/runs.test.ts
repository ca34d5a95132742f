/** What happens to runs that Grainchain has accepted, with good, bad and missing callbacks. All with one gateway. */
import "./runs/callbacks.ts";
import "./runs/watchdog.ts";
import "./runs/stops.ts";
import "./runs/limit.ts";
