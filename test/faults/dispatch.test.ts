/** How dispatch handles a Grainchain that is slow, full, broken or down. All with one gateway. */
import "./dispatch/batches.ts";
import "./dispatch/limits.ts";
import "./dispatch/outages.ts";
